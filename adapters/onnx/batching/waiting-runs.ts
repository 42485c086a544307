/**
 * Runs that wait for the thread, the earliest deadline first; of equal ones, the earliest arrival. All requests with the same time
 * allowed are therefore served in the order in which they came.
 */
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { companyOf } from "./company.ts";
import type { MergeableRun } from "./merge.ts";
import type { Requester } from "./request-scope.ts";

export interface WaitingRun extends PromiseWithResolvers<readonly Tensor[]> {
  readonly run: MergeableRun;
  /** Undefined: nobody in particular, for ever. */
  readonly requester: Requester | undefined;
}

export interface BatchLimits {
  readonly rows: number;
  /** Rows times the length of the longest, for texts: what leaves the processor's cache gains nothing (../text/batches.ts). */
  readonly paddedTokens: number;
  /** A batch may always take as long as this many runs of its first request alone: that is what company may cost it. */
  readonly soloRuns: number;
  /**
   * And this share of the time that all who wait need: where many wait, a larger batch delays its first one, and lets the last
   * one begin earlier.
   */
  readonly queueShare: number;
}

export const deadlineOf = ({ requester }: WaitingRun): number => requester?.deadlineMillis ?? Number.POSITIVE_INFINITY;

/** Padded tokens for texts, else rows. */
export function workOf(runs: readonly MergeableRun[]): number {
  let rows = 0;
  let length = 1;
  for (const run of runs) {
    rows += run.rows;
    if (run.length > length) length = run.length;
  }
  return rows * length;
}

export class WaitingRuns {
  readonly #limits: BatchLimits;
  readonly #entries: WaitingRun[] = [];
  #work = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Work that is done before a run with this deadline. */
  workBefore(deadlineMillis: number): number {
    const last = this.#entries.at(-1);
    if (last === undefined || deadlineOf(last) <= deadlineMillis) return this.#work;
    let work = 0;
    for (const entry of this.#entries) if (deadlineOf(entry) <= deadlineMillis) work += workOf([entry.run]);
    return work;
  }

  add(entry: WaitingRun): void {
    let at = this.#entries.length;
    const deadlineMillis = deadlineOf(entry);
    while (at > 0 && deadlineOf(this.#entries[at - 1] as WaitingRun) > deadlineMillis) at--;
    if (at === this.#entries.length) this.#entries.push(entry);
    else this.#entries.splice(at, 0, entry);
    this.#work += workOf([entry.run]);
  }

  /** Takes out those that need not run any more. */
  takeWhere(isOver: (entry: WaitingRun) => boolean): readonly WaitingRun[] {
    if (!this.#entries.some(isOver)) return [];
    const over = this.#entries.filter(isOver);
    const left = this.#entries.filter((entry) => !over.includes(entry));
    this.#entries.length = 0;
    this.#entries.push(...left);
    for (const { run } of over) this.#work -= workOf([run]);
    return over;
  }

  takeFirst(): WaitingRun[] {
    const first = this.#entries.shift();
    if (first === undefined) return [];
    this.#work -= workOf([first.run]);
    return [first];
  }

  /**
   * Takes the most urgent one, and those that suit it best. Nobody joins whose company would make a
   * member late that alone would be in time. `estimate`: milliseconds, undefined while nothing is known.
   */
  takeBatch(nowMillis: number, estimate: (work: number) => number | undefined): WaitingRun[] {
    const batch = this.takeFirst();
    const [first] = batch;
    if (first === undefined) return batch;
    const { rows, paddedTokens, soloRuns, queueShare } = this.#limits;
    const solo = estimate(workOf([first.run])) ?? 0;
    const all = estimate(this.#work + workOf([first.run])) ?? 0;
    const longestMillis = Math.min(
      Math.max(soloRuns * solo, queueShare * all),
      Math.max(solo, deadlineOf(first) - nowMillis),
    );
    const limits = { rows, paddedTokens, longestMillis, estimate: (work: number) => estimate(work) ?? 0 };
    const taken = new Set(companyOf(first, this.#entries, limits));
    if (taken.size === 0) return batch;
    for (const entry of taken) {
      batch.push(entry);
      this.#work -= workOf([entry.run]);
    }
    let kept = 0;
    for (const entry of this.#entries) if (!taken.has(entry)) this.#entries[kept++] = entry;
    this.#entries.length = kept;
    return batch;
  }
}
