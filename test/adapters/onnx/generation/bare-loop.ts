import { type OnnxTensor, onnxRuntime } from "../../../../adapters/onnx/runtime.ts";
import { type SessionSettings, sessionOptions } from "../../../../adapters/onnx/session-options.ts";

/** Greedy, with nothing of ours but the options of the session: SmolLM2's ids. */
export async function bareLoop(
  path: string,
  prompt: readonly number[],
  count: number,
  settings: SessionSettings = { threads: 1 },
): Promise<number[]> {
  const { InferenceSession, Tensor } = onnxRuntime();
  const session = await InferenceSession.create(path, sessionOptions(settings));
  const layers = session.inputNames.filter((name) => name.startsWith("past_key_values."));
  let past: Record<string, OnnxTensor> = Object.fromEntries(
    layers.map((name) => [name, new Tensor("float32", new Float32Array(0), [1, 3, 0, 64])]),
  );
  const ids: number[] = [];
  let unread: readonly number[] = prompt;
  while (ids.length < count) {
    const total = prompt.length + ids.length;
    const results = await session.run({
      input_ids: new Tensor("int64", BigInt64Array.from(unread, BigInt), [1, unread.length]),
      attention_mask: new Tensor("int64", new BigInt64Array(total).fill(1n), [1, total]),
      ...past,
    });
    const { dims, data } = results.logits as OnnxTensor;
    const last = (data as Float32Array).subarray(-(dims.at(-1) as number));
    unread = [last.indexOf(last.reduce((a, b) => Math.max(a, b)))];
    ids.push(unread[0] as number);
    past = Object.fromEntries(
      layers.map((name) => [name, results[name.replace("past_key_values", "present")] as OnnxTensor]),
    );
  }
  await session.release();
  return ids;
}
