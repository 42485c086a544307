/**
 * A graph for a process that serves several requests at once: runs that are asked for while another one holds the thread go
 * together as one. Nobody waits for company: a run that comes alone starts in the same turn of the event loop, and requests
 * that arrived while a run blocked the loop are all there in the turn after it.
 */
import { FarthingError } from "../../../core/errors.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { deadlineExceeded } from "../../../core/serving/deadline.ts";
import type { Graph } from "../graph.ts";
import { createDurationLaw } from "./duration-law.ts";
import { type MergeableRun, runMerger } from "./merge.ts";
import { currentRequester, type Requester } from "./request-scope.ts";
import { sameResults } from "./same-results.ts";
import { deadlineOf, type WaitingRun, WaitingRuns, workOf } from "./waiting-runs.ts";

export interface BatchingOptions {
  /** Milliseconds with fractions, for durations. */
  readonly monotonicMillis: () => number;
  /** What deadlines are told in. */
  readonly epochMillis: () => number;
  /** Calls back when the events that are there already have been dealt with; `setImmediate`. */
  readonly afterEvents: (callback: () => void) => void;
}

/** Limits of one batch (waiting-runs.ts), and of what may wait. */
export const BATCHING = {
  rows: 64,
  paddedTokens: 1024,
  soloRuns: 4,
  queueShare: 0.5,
  /** Requests that wait for longer are turned away, by the learnt durations. */
  waitMillis: 10_000,
  waiting: 1024,
  /** So many runs are looked at before a request is turned away because it could not be in time: the first ones are slow. */
  knownAfterRuns: 8,
  /** So many first batches are run once more, each request alone, and compared. */
  checkedBatches: 3,
} as const;

/** The graph itself where its runs cannot share a batch. Throws `overloaded` when too much waits. */
export function batchedGraph(graph: Graph, { monotonicMillis, epochMillis, afterEvents }: BatchingOptions): Graph {
  const merger = runMerger(graph.signature);
  if (merger === undefined) return graph;
  const everyOutput = graph.signature.outputs.map(({ name }) => name);
  const law = createDurationLaw();
  const waiting = new WaitingRuns(BATCHING);
  let working = false;
  let runs = 0;
  let checksLeft: number = BATCHING.checkedBatches;
  /** A graph whose rows see each other (a scale over the whole batch, say) is found out by the checks. */
  let rowsAreIndependent = true;

  async function timed(inputs: readonly Tensor[], outputs: readonly string[], work: number) {
    const started = monotonicMillis();
    const results = await graph.run(inputs, outputs);
    law.observe(work, monotonicMillis() - started);
    runs++;
    return results;
  }

  const alone = (run: MergeableRun) => timed(run.inputs, run.outputs, workOf([run]));

  async function runAlone(batch: readonly WaitingRun[]): Promise<void> {
    for (const { run, requester, resolve, reject } of batch) {
      const reason = whyNot(requester);
      if (reason !== undefined) reject(reason);
      else await alone(run).then(resolve, reject);
    }
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

  async function runTogether(batch: readonly WaitingRun[]): Promise<void> {
    const runs = batch.map(({ run }) => run);
    // Of equal inputs a check would prove nothing: a scale over the batch is that of each row.
    if (checksLeft > 0 && !inputsDiffer(runs)) return runAlone(batch);
    const results = await merged(runs);
    if (results === undefined) return runAlone(batch);
    if (checksLeft > 0) return checked(batch, results);
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as readonly Tensor[]);
  }

  /** Answers with what each run gave alone, so that a graph that is found out has done no harm. */
  async function checked(batch: readonly WaitingRun[], results: readonly (readonly Tensor[])[]): Promise<void> {
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

  function whyNot(requester: Requester | undefined): FarthingError | undefined {
    if (requester === undefined) return undefined;
    if (requester.signal?.aborted) return callerIsGone();
    return requester.deadlineMillis <= epochMillis() ? deadlineExceeded() : undefined;
  }

  async function work(): Promise<void> {
    for (;;) {
      for (const { requester, reject } of waiting.takeWhere((entry) => whyNot(entry.requester) !== undefined)) {
        reject(whyNot(requester));
      }
      if (waiting.length === 0) break;
      const batch = rowsAreIndependent ? waiting.takeBatch(epochMillis(), law.estimate) : waiting.takeFirst();
      await (batch.length === 1 ? runAlone(batch) : runTogether(batch));
      // Answers go out and requests come in before the next run holds the thread.
      await new Promise<void>((resolve) => afterEvents(resolve));
    }
    working = false;
  }

  /** Undefined: it may wait. */
  function refusal(entry: WaitingRun): FarthingError | undefined {
    const deadlineMillis = deadlineOf(entry);
    const workBefore = waiting.workBefore(deadlineMillis);
    const ahead = workBefore === 0 ? 0 : (law.estimate(workBefore) ?? 0);
    if (waiting.length >= BATCHING.waiting || (waiting.length > 0 && ahead > BATCHING.waitMillis)) {
      return tooMuch(waiting.length, ahead);
    }
    if (runs < BATCHING.knownAfterRuns || waiting.length === 0) return undefined;
    const needed = ahead + (law.estimate(workOf([entry.run])) ?? 0);
    // Work for an answer that comes too late takes the time of those that could be in time.
    return epochMillis() + needed > deadlineMillis ? tooMuch(waiting.length, ahead) : undefined;
  }

  return {
    ...graph,
    run(inputs, outputs = everyOutput) {
      const run = rowsAreIndependent ? merger.read({ inputs, outputs }) : undefined;
      if (run === undefined) return graph.run(inputs, outputs);
      const entry = { run, requester: currentRequester(), ...Promise.withResolvers<readonly Tensor[]>() };
      const refused = refusal(entry);
      if (refused !== undefined) return Promise.reject(refused);
      waiting.add(entry);
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

const callerIsGone = (): FarthingError =>
  new FarthingError("cancelled", "The caller went away before its turn came; nothing was computed.");

const tooMuch = (waiting: number, millis: number): FarthingError =>
  new FarthingError("overloaded", `${waiting} requests wait for this model already; try again in a moment.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(millis / 1000)),
  });
