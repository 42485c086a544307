/**
 * The answer of the first candidate that can give one: in order, past open breakers, once more at the same target where that
 * may help, and with a second try beside the first where it is slow. An answer counts once its first event is there: what
 * fails later has been seen by the caller, and cannot be taken back.
 */
import { asFarthingError, FarthingError, isFarthingError } from "../errors.ts";
import type { InferenceResult } from "../protocols/spec/inference.ts";
import type { AttemptOutcome } from "../serving/attempt.ts";
import { begun } from "../serving/begun.ts";
import type { Clock } from "../serving/clock.ts";
import type { InferenceContext } from "../serving/target.ts";
import type { Answer, Work } from "../serving/work.ts";
import { ableTo } from "./able.ts";
import { createExtraWorkBudget, HEDGE_LIMITS, RETRY_LIMITS } from "./budget.ts";
import { allowedFor, type Candidate } from "./candidate.ts";
import { firstOf } from "./hedged.ts";
import { createTargetStates } from "./target-states.ts";
import { verdictOn } from "./verdict.ts";
import { isAsleep } from "./wake/asleep.ts";
import type { Waker } from "./wake/waker.ts";

export interface RoutedOptions {
  /** In order of preference. Throws FarthingError when there are none. */
  candidates(work: Work): readonly Candidate[] | Promise<readonly Candidate[]>;
  /** Undefined: no target here sleeps. */
  readonly waker?: Pick<Waker, "met"> | undefined;
  readonly clock: Clock;
}

/** Slower than this share of the last answers: a second try is worth its price. */
const HEDGE_QUANTILE = 0.95;

export function routedAnswer({ candidates, waker, clock }: RoutedOptions): Answer {
  const retries = createExtraWorkBudget(RETRY_LIMITS);
  const hedges = createExtraWorkBudget(HEDGE_LIMITS);
  const states = createTargetStates();

  return async (work) => {
    const found = candidates(work);
    const open = ableTo(work.request, allowedFor(found instanceof Promise ? await found : found, work.caller));
    retries.deposit();
    hedges.deposit();
    let failure: FarthingError | undefined;
    for (let next = 0; next < open.length; next++) {
      const candidate = open[next] as Candidate;
      const { breaker } = states.of(candidate);
      if (!breaker.admits(clock.epochMillis())) {
        note(work, candidate, "skipped");
        failure ??= resting(candidate, breaker.closedInMillis(clock.epochMillis()));
        continue;
      }
      for (let isRetry = false; ; isRetry = true) {
        try {
          return await attempted(candidate, open[next + 1] ?? candidate, work);
        } catch (thrown) {
          failure = asFarthingError(thrown);
        }
        const { goesOn, retries: mayHelp } = verdictOn(failure.code);
        if (!goesOn || clock.epochMillis() >= work.context.deadlineMillis) throw failure;
        if (isAsleep(failure) && (await woken(work, candidate, open.slice(next + 1)))) continue;
        if (isRetry || !mayHelp || !candidate.target.hasCopies || !retries.withdraw()) break;
      }
    }
    throw failure ?? new FarthingError("model_not_ready", `Nothing here serves the model "${work.model.name}".`);
  };

  /** Throws where the request ends, or becomes something else, because the model sleeps. */
  async function woken(work: Work, { model }: Candidate, rest: readonly Candidate[]): Promise<boolean> {
    if (waker === undefined) return false;
    const hasOtherTarget = rest.some((other) => other.model === model);
    try {
      return (await waker.met(work, { model: model.name, hasOtherTarget, hasStandIn: rest.length > 0 })) === "again";
    } catch (thrown) {
      if (isFarthingError(thrown)) throw thrown;
      // What is known of the wake-up cannot be reached, or the model not be looked at: the next candidate may do.
      return false;
    }
  }

  /** One try, with another one beside it where the target is of a kind that may be asked twice, and slow this time. */
  function attempted(candidate: Candidate, other: Candidate, work: Work): Promise<InferenceResult> {
    const { target } = candidate;
    const delay = target.hasCopies ? states.of(candidate).latencies.quantile(HEDGE_QUANTILE) : undefined;
    if (delay === undefined) return tried(candidate, work, work.context);
    return firstOf({
      first: (signal) => tried(candidate, work, { ...work.context, signal }),
      second: (signal) => tried(other, work, { ...work.context, signal }),
      afterMillis: delay,
      maySecond: () => hedges.withdraw() && states.of(other).breaker.admits(clock.epochMillis()),
      discard: stopReading,
      clock,
      signal: work.context.signal,
    });
  }

  async function tried(candidate: Candidate, work: Work, context: InferenceContext): Promise<InferenceResult> {
    const { target, model, version } = candidate;
    const state = states.of(candidate);
    const startedAt = clock.monotonicMillis();
    try {
      const result = await target.infer(model, version, work.request, context);
      const answer = result.type === "generation" ? { ...result, events: await begun(result.events) } : result;
      state.breaker.succeeded(clock.epochMillis());
      // Only they are ever asked twice.
      if (target.hasCopies) state.latencies.add(clock.monotonicMillis() - startedAt);
      if (!context.signal?.aborted) note(work, candidate, "answered");
      return answer;
    } catch (thrown) {
      const error = asFarthingError(thrown);
      const isAbandoned = context.signal?.aborted === true;
      if (!isAbandoned && verdictOn(error.code).blames) state.breaker.failed(clock.epochMillis());
      else state.breaker.released();
      note(work, candidate, isAbandoned ? "abandoned" : error.code);
      throw error;
    }
  }
}

function stopReading(result: InferenceResult): void {
  if (result.type !== "generation") return;
  result.events[Symbol.asyncIterator]()
    .return?.()
    .then(undefined, () => {});
}

function note({ journal }: Work, { target, model, version, standsIn }: Candidate, outcome: AttemptOutcome): void {
  const attempt = standsIn ? { target: target.name, outcome, standIn: model.name } : { target: target.name, outcome };
  journal.attempts = journal.attempts === undefined ? [attempt] : [...journal.attempts, attempt];
  if (outcome === "skipped" || outcome === "abandoned") return;
  journal.target = target.kind;
  journal.answeredBy = { model, version, standsIn };
}

const resting = ({ model }: Candidate, forMillis: number): FarthingError =>
  new FarthingError(
    "dependency_unavailable",
    `What serves the model "${model.name}" failed too often; it is given a rest.`,
    {
      retryAfterSeconds: Math.max(1, Math.ceil(forMillis / 1000)),
    },
  );
