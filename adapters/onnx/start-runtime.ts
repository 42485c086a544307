import { onnxRuntime } from "./runtime.ts";
import { sessionOptions } from "./session-options.ts";

let started: Promise<void> | undefined;

/** ONNX, 58 bytes: y = x. */
const SMALLEST_MODEL = "CAg6MgoQCgF4EgF5IghJZGVudGl0eRIEdGVzdFoLCgF4EgYKBAgJEgBiCwoBeRIGCgQICRIAQgIQEQ==";

/**
 * The first session of a process takes 25 ms whatever its model (schemas of all operators, allocators, threads), a second
 * one of a small model 3 ms. Done while a process waits for the network anyway, it costs nobody anything.
 * Rejects when ONNX Runtime is not there.
 */
export function startOnnxRuntime(): Promise<void> {
  started ??= (async () => {
    const { InferenceSession } = onnxRuntime();
    const session = await InferenceSession.create(
      Buffer.from(SMALLEST_MODEL, "base64"),
      sessionOptions({ threads: 1 }),
    );
    await session.release();
  })();
  return started;
}
