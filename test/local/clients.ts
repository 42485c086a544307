import { setTimeout as sleep } from "node:timers/promises";
import { call, type Deployment } from "../conformance/deployment.ts";

export interface UnderLoad<T> {
  readonly result: T;
  /** Everything that was not a 200, in words. */
  readonly failures: readonly string[];
  /** Versions that answered before the change began. */
  readonly versionsBefore: readonly string[];
  /** Versions that answered requests which began when the change had to be seen everywhere. */
  readonly versionsAfter: readonly string[];
}

/** What `publish` and `rollback` promise. */
const SEEN_EVERYWHERE_MILLIS = 5_000;

/** A blank picture: cheap to send, and any digit will do. */
const BODY = JSON.stringify({
  inputs: [{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data: new Array(784).fill(0) }],
});

/** `clients` callers ask the digit model, each as fast as it is answered, before, during and after `change`. */
export async function callWhile<T>(
  deployment: Deployment,
  clients: number,
  change: () => Promise<T>,
): Promise<UnderLoad<T>> {
  const failures: string[] = [];
  const versions = { before: new Set<string>(), between: new Set<string>(), after: new Set<string>() };
  const answers = { before: 0, between: 0, after: 0 };
  let phase: keyof typeof versions | "over" = "before";

  const client = async (): Promise<void> => {
    while (phase !== "over") {
      const begunIn = phase;
      const { status, body } = await call(deployment, "/v2/models/digits/infer", { body: BODY }).catch(
        (error: Error) => ({ status: 0, body: error.message }),
      );
      if (status === 200) versions[begunIn].add(body.model_version);
      else failures.push(`${status} ${JSON.stringify(body)}`);
      answers[begunIn]++;
    }
  };
  const running = Array.from({ length: clients }, client);
  const enough = async (during: keyof typeof answers) => {
    while (answers[during] < 5 * clients) await sleep(20);
  };

  await enough("before");
  phase = "between";
  const result = await change();
  await sleep(SEEN_EVERYWHERE_MILLIS);
  phase = "after";
  await enough("after");
  phase = "over";
  await Promise.all(running);
  return { result, failures, versionsBefore: [...versions.before], versionsAfter: [...versions.after] };
}
