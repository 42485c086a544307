/** No server is timed before it has given the right answers: one at a time, and many at once (so that batches form). */
import type { Call } from "./call.ts";
import type { RunningServer } from "./contender.ts";
import { type Truth, truthOf, type Workload } from "./workload.ts";

export async function send(url: string, { path, headers, body }: Call): Promise<string> {
  const response = await fetch(url + path, { method: "POST", headers, body, signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers came, ${b.length} were expected`);
  let [dot, aa, bb] = [0, 0, 0];
  for (const [index, x] of a.entries()) {
    const y = b[index] as number;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Smallest cosine between the server's answers and the truth. */
async function worst(server: RunningServer, truth: Truth, together: boolean): Promise<number> {
  const one = async (index: number): Promise<number> => {
    const sample = truth.samples[index];
    const expected = truth.answers[index];
    if (sample === undefined || expected === undefined) throw new Error(`no truth with number ${index}`);
    return cosine(server.answer(await send(server.url, server.call(sample))), expected);
  };
  const indices = [...truth.samples.keys()].slice(0, 32);
  const cosines: number[] = together ? await Promise.all(indices.map(one)) : [];
  if (!together) for (const index of indices) cosines.push(await one(index));
  return Math.min(...cosines);
}

export async function mustBeRight(server: RunningServer, workload: Workload): Promise<void> {
  const truth = truthOf(workload);
  for (const [how, together] of [
    ["alone", false],
    ["shared", true],
  ] as const) {
    const reached = await worst(server, truth, together);
    const needed = workload.leastCosine[how];
    if (!(reached >= needed)) {
      throw new Error(
        `wrong answers on ${workload.name}, asked ${how}: cosine ${reached} to the truth, at least ${needed} is needed`,
      );
    }
  }
}

/** Resolves when the first right answer came. */
export async function firstRightAnswer(server: RunningServer, workload: Workload, withinMillis: number): Promise<void> {
  const truth = truthOf(workload);
  const [sample, expected] = [truth.samples[0], truth.answers[0]];
  if (sample === undefined || expected === undefined)
    throw new Error("the truth is empty: run bench/peers/prepare again");
  const deadline = performance.now() + withinMillis;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      if (cosine(server.answer(await send(server.url, server.call(sample))), expected) > workload.leastCosine.alone)
        return;
    } catch (error) {
      last = error; // not listening yet, or not ready
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no right answer within ${withinMillis} ms; last: ${String(last)}`);
}
