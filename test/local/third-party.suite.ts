import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, type Deployment } from "../conformance/deployment.ts";
import { describeWithData } from "../shared-data.ts";

const { InferenceSession, Tensor } = createRequire(import.meta.url)(
  "onnxruntime-node",
) as typeof import("onnxruntime-node");

const WITHIN = 1e-5;
/** The picture model draws a warning for each of its weights. */
const SILENT = { logSeverityLevel: 4 } as const;

interface Golden {
  readonly sentences: readonly string[];
  readonly embeddings: readonly (readonly number[])[];
}

/** Models that others made, brought in by the command line alone, give what ONNX Runtime gives of the same file. */
export function thirdPartySuite(
  deployment: () => Deployment,
  farthing: Readonly<Record<"add" | "publish", (...args: readonly string[]) => Promise<string>>>,
): void {
  describeWithData("models", "models of third parties", (models) => {
    let project: string;
    beforeAll(() => {
      project = mkdtempSync(join(tmpdir(), "farthing-third-party-"));
    });
    afterAll(() => rmSync(project, { recursive: true, force: true }));

    const bring = async (path: string, name: string, ...flags: readonly string[]): Promise<void> => {
      await farthing.add("model", "add", join(models, path), "--name", name, "--to", project, ...flags);
      await farthing.publish("model", "publish", name, join(project, name));
    };
    const infer = async (name: string, inputs: readonly object[]) => {
      const { status, body } = await call(deployment(), `/v2/models/${name}/infer`, { body: { inputs } });
      if (status !== 200) throw new Error(`${name} answers ${status}: ${JSON.stringify(body)}`);
      return new Map(
        (body.outputs as { name: string; data: number[] }[]).map(({ name: output, data }) => [output, data]),
      );
    };

    test("a picture model: faces", async () => {
      await bring("ultraface-rfb-320", "faces");
      const pixels = Float32Array.from({ length: 3 * 240 * 320 }, (_, i) => Math.sin(i / 97));
      const session = await InferenceSession.create(join(models, "ultraface-rfb-320/model.onnx"), SILENT);
      const expected = await session.run({ input: new Tensor("float32", pixels, [1, 3, 240, 320]) });
      const received = await infer("faces", [
        { name: "input", datatype: "FP32", shape: [1, 3, 240, 320], data: [...pixels] },
      ]);
      for (const [name, { data }] of Object.entries(expected)) expectClose(received.get(name), data as Float32Array);
    });

    test("a text model: MiniLM, with its tokenizer, through the OpenAI route", async () => {
      await bring("minilm-l6-v2", "minilm");
      // By PyTorch; onnxruntime alone differs from them by 3e-7.
      const golden = JSON.parse(readFileSync(join(models, "minilm-l6-v2/golden.json"), "utf8")) as Golden;
      const body = { model: "minilm", input: golden.sentences };
      const answer = await call(deployment(), "/v1/embeddings", { body });
      expect(answer.status).toBe(200);
      for (const [index, vector] of golden.embeddings.entries()) expectClose(answer.body.data[index].embedding, vector);
    });

    test("a model with recurrent state: voice activity, its state handed back with each call", async () => {
      await bring("silero-vad/silero_vad_16k_op15.onnx", "voice", "--task", "tensor");
      const session = await InferenceSession.create(join(models, "silero-vad/silero_vad_16k_op15.onnx"), SILENT);
      let state = new Float32Array(2 * 128);
      let served: number[] = [...state];
      for (let step = 0; step < 5; step++) {
        const sound = Float32Array.from({ length: 576 }, (_, i) => 0.3 * Math.sin((i + step * 512) / 7));
        const expected = await session.run({
          input: new Tensor("float32", sound, [1, 576]),
          state: new Tensor("float32", state, [2, 1, 128]),
          sr: new Tensor("int64", BigInt64Array.of(16_000n), []),
        });
        const received = await infer("voice", [
          { name: "input", datatype: "FP32", shape: [1, 576], data: [...sound] },
          { name: "state", datatype: "FP32", shape: [2, 1, 128], data: served },
          { name: "sr", datatype: "INT64", shape: [], data: [16_000] },
        ]);
        for (const [name, { data }] of Object.entries(expected)) expectClose(received.get(name), data as Float32Array);
        state = Float32Array.from(expected.stateN?.data as Float32Array);
        served = received.get("stateN") as number[];
      }
    });
  });
}

function expectClose(received: readonly number[] | undefined, expected: ArrayLike<number>): void {
  expect(received?.length).toBe(expected.length);
  const largest = Math.max(...Array.from(expected, (value, i) => Math.abs(value - (received?.[i] as number))));
  expect(largest).toBeLessThanOrEqual(WITHIN);
}
