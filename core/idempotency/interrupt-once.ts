/** Who runs a request has not been heard of for too long: its end is written for it. */
import type { UsageLine } from "../metering/usage-line.ts";
import type { OnceName } from "./idempotency-key.ts";
import { answerObjectName, type KeptAnswer, keepAnswer } from "./kept-answer.ts";
import type { OnceDependencies } from "./once-call.ts";
import type { EndedRecord, OnceRecord, RunningRecord } from "./once-record.ts";
import { logReader } from "./read-along.ts";

/** Leases of dead processes are settled half an hour after their end; a charge that comes later would be on no budget. */
const CHARGED_WITHIN_MILLIS = 15 * 60_000;

/** The record after it. Rejects when the store does not answer. */
export async function interruptOnce(
  name: OnceName,
  running: RunningRecord,
  dependencies: OnceDependencies,
): Promise<OnceRecord | undefined> {
  const { store, clock, objects } = dependencies;
  const { token, aliveUntilMillis, line, ...base } = running;
  const log = running.streams ? await readLog(dependencies, token) : undefined;
  const endedBy = dependencies.newToken();
  const answer =
    log === undefined
      ? ({ type: "lost" } as const)
      : await keepAnswer(log.answer, answerObjectName(name.tenant, endedBy), objects, dependencies.onFailed);
  // All of it was made and handed on: only the record was not.
  const state = log?.ended ? "done" : "interrupted";
  const ended: EndedRecord = { ...base, token, state, answer, endedBy };
  if ((await store.replace(name, ended, { token, aliveUntilMillis })) === "refused") {
    const found = await store.read(name);
    if (found?.state !== "done" && found?.state !== "interrupted") return found;
    if (found.endedBy !== endedBy) return found;
  }
  const charged = log?.line ?? line;
  const isInTime = clock.epochMillis() < aliveUntilMillis + CHARGED_WITHIN_MILLIS;
  // Whole answers have delivered nothing.
  if (running.streams && charged !== undefined && isInTime) {
    dependencies.emitUsage(state === "done" ? asAnswered(charged) : charged);
  }
  return ended;
}

const asAnswered = ({ error: _, delivered: __, ...line }: UsageLine): UsageLine => ({ ...line, status: 200 });

interface ReadLog {
  readonly answer: KeptAnswer;
  /** What the process would have said of itself after the last chunk. */
  readonly line: UsageLine | undefined;
  readonly ended: boolean;
}

/** Undefined: there is none, or not in time. */
async function readLog(dependencies: OnceDependencies, token: string): Promise<ReadLog | undefined> {
  const part = await logReader(dependencies, token)?.all();
  if (part?.head === undefined) return undefined;
  const { chunks, ended } = part;
  const { head, line } = part.head;
  const used = chunks.at(-1)?.used;
  return {
    answer: { head, body: Buffer.concat(chunks.map(({ chunk }) => chunk)) },
    line: line && chunks.length > 0 ? { ...line, ...used } : undefined,
    ended,
  };
}
