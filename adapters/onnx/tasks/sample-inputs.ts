/** Inputs that a model of a task takes, to try it out or to compare two forms of it; made up, and the same each time. */
import { crc32, deflateSync } from "node:zlib";
import type { ModelCard } from "../../../core/models/card.ts";
import { AUDIO_INPUT, IMAGE_INPUT, RATE_INPUT, STATE_TENSOR, VOICE } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";

const PICTURE = { width: 64, height: 48 };
const WINDOWS = 4;

/** Undefined for tasks that take texts (text-inputs.ts), or tensors that only their graph knows. */
export function sampleInputs(task: ModelCard["task"]): readonly Tensor[] | undefined {
  switch (task) {
    case "image-classification": {
      const file = new Uint8Array(picture());
      return [{ name: IMAGE_INPUT, dataType: "UINT8", shape: [file.length], data: file }];
    }
    case "voice-activity": {
      const samples = VOICE.windowSamples * WINDOWS;
      const numbers = VOICE.recurrentNumbers + VOICE.contextSamples;
      return [
        { name: AUDIO_INPUT, dataType: "FP32", shape: [samples], data: tone(samples) },
        { name: STATE_TENSOR, dataType: "FP32", shape: [numbers], data: new Float32Array(numbers) },
        { name: RATE_INPUT, dataType: "INT64", shape: [1], data: BigInt64Array.of(BigInt(VOICE.sampleRate)) },
      ];
    }
    default:
      return undefined;
  }
}

/** A PNG of many colours, so that no channel is like another. */
function picture(): Buffer {
  const { width, height } = PICTURE;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const rows = Array.from({ length: height }, (_, y) => [
    0,
    ...Array.from({ length: width }, (_, x) => [(x * 37 + y * 5) % 256, (x * y) % 256, (x * 3 + y * 91) % 256]).flat(),
  ]);
  const chunks = [
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.from(rows.flat()))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...chunks]);
}

function chunk(name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

const tone = (samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, at) => 0.3 * Math.sin(at / 7));
