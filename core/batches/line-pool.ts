/** Lines of one step, a few at a time. A limit that is reached, or a model that sleeps, holds all of them up, not only the one that met it. */
import type { Clock } from "../serving/clock.ts";
import type { LineAnswer } from "./answer-line.ts";
import { BATCH_LIMITS } from "./batch.ts";
import type { InputLine } from "./input-lines.ts";

export interface PooledLine extends InputLine {
  readonly failures: number;
}

export interface PoolOutcome {
  readonly done: readonly {
    readonly line: PooledLine;
    readonly answer: Exclude<LineAnswer, { readonly type: "again" }>;
  }[];
  /** What waits for another try, its failures counted. */
  readonly again: readonly PooledLine[];
  /** How long until that makes sense; 0: at once. */
  readonly waitMillis: number;
}

export interface PoolParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Nothing is begun after it. */
  readonly untilMillis: number;
  answer(line: PooledLine): Promise<LineAnswer>;
}

/** Longer waits are left to another process: this one is paid for while it waits. */
const LONGEST_WAIT_MILLIS = 10_000;

export async function answerLines(lines: readonly PooledLine[], parts: PoolParts): Promise<PoolOutcome> {
  const { clock, signal, untilMillis } = parts;
  const waiting = [...lines];
  const done: PoolOutcome["done"][number][] = [];
  const again: PooledLine[] = [];
  let resumeAtMillis = 0;
  let leftWaitMillis = 0;

  const isOver = (): boolean => signal.aborted || leftWaitMillis > 0 || clock.epochMillis() >= untilMillis;

  async function worker(): Promise<void> {
    for (;;) {
      for (
        let left = resumeAtMillis - clock.epochMillis();
        left > 0 && !isOver();
        left = resumeAtMillis - clock.epochMillis()
      ) {
        await new Promise<void>((resolve) => void clock.after(left, resolve));
      }
      if (isOver()) return;
      const line = waiting.shift();
      if (line === undefined) return;
      const answer = await parts.answer(line);
      if (answer.type !== "again") {
        done.push({ line, answer });
        continue;
      }
      const next = { ...line, failures: line.failures + (answer.isFailure ? 1 : 0) };
      if (answer.waitMillis > LONGEST_WAIT_MILLIS || clock.epochMillis() + answer.waitMillis >= untilMillis) {
        again.push(next);
        leftWaitMillis = Math.max(leftWaitMillis, answer.waitMillis);
      } else {
        waiting.unshift(next);
        resumeAtMillis = Math.max(resumeAtMillis, clock.epochMillis() + answer.waitMillis);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(BATCH_LIMITS.concurrency, lines.length) }, worker));
  return { done, again: [...again, ...waiting], waitMillis: leftWaitMillis };
}
