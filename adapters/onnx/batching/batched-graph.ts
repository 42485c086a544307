/**
 * A graph for a process that serves several requests at once: runs that are asked for while another one holds the thread go
 * together as one. Nobody waits for company: a run that comes alone starts in the same turn of the event loop, and requests
 * that arrived while a run blocked the loop are all there in the turn after it.
 */
import { FarthingError } from "../../../core/errors.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import type { Graph } from "../graph.ts";
import { createDurationLaw } from "./duration-law.ts";
import { type MergeableRun, runMerger } from "./merge.ts";
import { sameResults } from "./same-results.ts";

export interface BatchingOptions {
  /** Milliseconds with fractions, for durations. */
  readonly monotonicMillis: () => number;
  /** Calls back when the events that are there already have been dealt with; `setImmediate`. */
  readonly afterEvents: (callback: () => void) => void;
}

export const BATCHING = {
  rows: 64,
  /** Rows times the length of the longest, for texts: what leaves the processor's cache gains nothing (../text/batches.ts). */
  paddedTokens: 1024,
  /** Of the padded tokens, the share that may be padding. */
  paddingShare: 0.25,
  /** No batch takes longer than this many runs of its first request alone: that is what company may cost it. */
  soloRuns: 4,
  /** Requests that wait for longer are turned away, by the learnt durations. */
  waitMillis: 10_000,
  waiting: 1024,
  /** So many first batches are run once more, each request alone, and compared. */
  checkedBatches: 3,
} as const;

interface Waiting extends PromiseWithResolvers<readonly Tensor[]> {
  readonly run: MergeableRun;
}

/** The graph itself where its runs cannot share a batch. Throws `overloaded` when too much waits. */
export function batchedGraph(graph: Graph, { monotonicMillis, afterEvents }: BatchingOptions): Graph {
  const merger = runMerger(graph.signature);
  if (merger === undefined) return graph;
  const everyOutput = graph.signature.outputs.map(({ name }) => name);
  const law = createDurationLaw();
  const waiting: Waiting[] = [];
  let waitingWork = 0;
  let working = false;
  let checksLeft: number = BATCHING.checkedBatches;
  /** A graph whose rows see each other (a scale over the whole batch, say) is found out by the checks. */
  let rowsAreIndependent = true;

  async function timed(inputs: readonly Tensor[], outputs: readonly string[], work: number) {
    const started = monotonicMillis();
    const results = await graph.run(inputs, outputs);
    law.observe(work, monotonicMillis() - started);
    return results;
  }

  const alone = (run: MergeableRun) => timed(run.inputs, run.outputs, workOf([run]));

  async function runAlone(batch: readonly Waiting[]): Promise<void> {
    for (const { run, resolve, reject } of batch) await alone(run).then(resolve, reject);
  }

  /** Undefined: the batch as a whole has failed or cannot be told apart, which says nothing about any one of its requests. */
  async function merged(runs: readonly MergeableRun[]): Promise<readonly (readonly Tensor[])[] | undefined> {
    try {
      const [first] = runs as readonly [MergeableRun];
      const results = await timed(merger!.merge(runs), first.outputs, workOf(runs));
      return merger!.split(runs, results);
    } catch {
      return undefined;
    }
  }

  async function runTogether(batch: readonly Waiting[]): Promise<void> {
    const runs = batch.map(({ run }) => run);
    // Of equal inputs a check would prove nothing: a scale over the batch is that of each row.
    if (checksLeft > 0 && !inputsDiffer(runs)) return runAlone(batch);
    const results = await merged(runs);
    if (results === undefined) return runAlone(batch);
    if (checksLeft > 0) return checked(batch, results);
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as readonly Tensor[]);
  }

  /** Answers with what each run gave alone, so that a graph that is found out has done no harm. */
  async function checked(batch: readonly Waiting[], results: readonly (readonly Tensor[])[]): Promise<void> {
    checksLeft--;
    for (const [index, { run, resolve, reject }] of batch.entries()) {
      try {
        const own = await alone(run);
        if (!sameResults(own, results[index] as readonly Tensor[])) rowsAreIndependent = false;
        resolve(own);
      } catch (error) {
        reject(error);
      }
    }
  }

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = rowsAreIndependent ? nextBatch(waiting, law.estimate) : waiting.splice(0, 1);
      waitingWork -= workOf(batch.map(({ run }) => run));
      await (batch.length === 1 ? runAlone(batch) : runTogether(batch));
      // Answers go out and requests come in before the next run holds the thread.
      await new Promise<void>((resolve) => afterEvents(resolve));
    }
    working = false;
  }

  return {
    ...graph,
    run(inputs, outputs = everyOutput) {
      const run = rowsAreIndependent ? merger.read({ inputs, outputs }) : undefined;
      if (run === undefined) return graph.run(inputs, outputs);
      const ahead = law.estimate(waitingWork) ?? 0;
      if (waiting.length >= BATCHING.waiting || (waiting.length > 0 && ahead > BATCHING.waitMillis)) {
        return Promise.reject(tooMuch(waiting.length, ahead));
      }
      const entry = { run, ...Promise.withResolvers<readonly Tensor[]>() };
      waiting.push(entry);
      waitingWork += workOf([run]);
      if (!working) {
        working = true;
        afterEvents(() => void work());
      }
      return entry.promise;
    },
  };
}

function inputsDiffer([first, ...others]: readonly MergeableRun[]): boolean {
  const bytesOf = ({ data }: Tensor): Uint8Array => {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  return others.some((run) =>
    run.inputs.some((input, index) => Buffer.compare(bytesOf(input), bytesOf(first?.inputs[index] ?? input)) !== 0),
  );
}

/** Padded tokens for texts, else rows. */
function workOf(runs: readonly MergeableRun[]): number {
  const rows = runs.reduce((sum, run) => sum + run.rows, 0);
  return rows * Math.max(1, ...runs.map(({ length }) => length));
}

/**
 * Takes the one that waits longest, and in the order of their arrival those that may go with it: nobody is overtaken by a
 * batch that it does not fit into more than once.
 */
function nextBatch(waiting: Waiting[], estimate: (work: number) => number | undefined): Waiting[] {
  const first = waiting.shift() as Waiting;
  const batch = [first];
  const solo = estimate(workOf([first.run])) ?? 0;
  let rows = first.run.rows;
  let length = first.run.length;
  let tokens = rows * length;
  for (let index = 0; index < waiting.length; ) {
    const { run } = waiting[index] as Waiting;
    const longest = Math.max(length, run.length);
    const padded = (rows + run.rows) * longest;
    const real = tokens + run.rows * run.length;
    const fits =
      run.key === first.run.key &&
      rows + run.rows <= BATCHING.rows &&
      padded <= BATCHING.paddedTokens &&
      padded - real <= BATCHING.paddingShare * padded &&
      (estimate((rows + run.rows) * Math.max(1, longest)) ?? 0) <= BATCHING.soloRuns * solo;
    if (!fits) {
      index++;
      continue;
    }
    batch.push(...waiting.splice(index, 1));
    rows += run.rows;
    length = longest;
    tokens = real;
  }
  return batch;
}

const tooMuch = (waiting: number, millis: number): FarthingError =>
  new FarthingError("overloaded", `${waiting} requests wait for this model already; try again in a moment.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(millis / 1000)),
  });
