/**
 * Runs that wait for the thread, the earliest deadline first; of equal ones, the earliest arrival. All requests with the same time
 * allowed are therefore served in the order in which they came.
 */
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
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
  /** Of the padded tokens, the share that may be padding. */
  readonly paddingShare: number;
  /** No batch takes longer than this many runs of its first request alone: that is what company may cost it. */
  readonly soloRuns: number;
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
    const { rows: mostRows, paddedTokens, paddingShare, soloRuns } = this.#limits;
    const solo = estimate(workOf([first.run])) ?? 0;
    const longestMillis = Math.min(soloRuns * solo, Math.max(solo, deadlineOf(first) - nowMillis));
    let { rows, length } = first.run;
    let tokens = rows * length;
    const taken = new Set<WaitingRun>();
    for (const entry of this.#company(first.run)) {
      const { run } = entry;
      const longest = Math.max(length, run.length);
      const padded = (rows + run.rows) * longest;
      const real = tokens + run.rows * run.length;
      const fits =
        rows + run.rows <= mostRows &&
        padded <= paddedTokens &&
        padded - real <= paddingShare * padded &&
        run.key === first.run.key &&
        (estimate((rows + run.rows) * Math.max(1, longest)) ?? 0) <= longestMillis;
      if (!fits) continue;
      taken.add(entry);
      batch.push(entry);
      this.#work -= workOf([run]);
      rows += run.rows;
      length = longest;
      tokens = real;
    }
    if (taken.size === 0) return batch;
    let kept = 0;
    for (const entry of this.#entries) if (!taken.has(entry)) this.#entries[kept++] = entry;
    this.#entries.length = kept;
    return batch;
  }

  /** Texts of like length first, since padding costs as much as text; what has no length in the order of urgency. */
  #company({ length }: MergeableRun): readonly WaitingRun[] {
    if (length === 0) return this.#entries;
    const distance = ({ run }: WaitingRun) => Math.abs(run.length - length);
    return this.#entries.toSorted((a, b) => distance(a) - distance(b));
  }
}
