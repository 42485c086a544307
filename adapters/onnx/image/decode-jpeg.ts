/**
 * JPEG → pixels by libjpeg-turbo as WebAssembly (@jsquash/jpeg): bit for bit what libvips and Pillow decode, at a fifth of
 * the time of a decoder in JavaScript. Its code is a file beside the bundle (function-bundle.ts), read on first use.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Picture } from "./picture.ts";

const WASM = "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";

type Decode = (
  bytes: ArrayBuffer,
) => Promise<{ readonly width: number; readonly height: number; readonly data: ArrayLike<number> }>;

export type JpegResult = ({ readonly type: "picture" } & Picture) | { readonly type: "damaged" };

let decoder: Promise<Decode> | undefined;

/** Rejects only when the decoder cannot be loaded, which is no fault of the file. */
export async function decodeJpeg(bytes: Uint8Array): Promise<JpegResult> {
  decoder ??= openDecoder();
  const decode = await decoder;
  try {
    const { width, height, data } = await decode(new Uint8Array(bytes).buffer);
    return { type: "picture", width, height, rgba: new Uint8Array((data as Uint8ClampedArray).buffer) };
  } catch {
    // After an error the instance is in a state that nobody knows.
    decoder = undefined;
    return { type: "damaged" };
  }
}

/** Types of what the libraries of Node and of the decoder have and do not declare. */
type Initialise = (module: object, options: object) => Promise<void>;
interface WithWebAssembly {
  readonly WebAssembly: { compile(code: Uint8Array): Promise<object> };
}

/** It writes what is wrong with a picture to the console. */
const SILENT = { print() {}, printErr() {} };

async function openDecoder(): Promise<Decode> {
  const { init, default: decode } = await import("@jsquash/jpeg/decode.js");
  const { WebAssembly } = globalThis as unknown as WithWebAssembly;
  await (init as unknown as Initialise)(await WebAssembly.compile(readFileSync(wasmPath())), SILENT);
  return decode;
}

/** Beside the bundle in a function; in the package where the sources run. */
function wasmPath(): string {
  const beside = fileURLToPath(new URL("mozjpeg_dec.wasm", import.meta.url));
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(WASM);
}
