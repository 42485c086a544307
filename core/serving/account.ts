/** What is known of a request so far, for its usage line; what stays empty was never reached. */
import { ERRORS, type FarthingError } from "../errors.ts";
import type { Run } from "../idempotency/once-call.ts";
import type { LeaseNames } from "../metering/admission.ts";
import { buildUsageLine, type UsageFacts } from "../metering/build-usage-line.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import type { Accounting } from "./api-dependencies.ts";
import { explained } from "./attempt.ts";
import type { Charged, Charging } from "./charging.ts";
import type { Journal } from "./work.ts";

export interface Account extends Charged {
  tenant: string;
  key: string;
  model: string;
  version: string;
  readonly journal: Journal;
  /** Of the body, as far as it is made. */
  responseBytes: number;
  leases: LeaseNames;
  /** From its admission on. */
  charging: Charging | undefined;
  failure: FarthingError | undefined;
  /** Milliseconds since the epoch; requests that begin before it stand in the log. */
  debugUntilMillis: number;
  /** It runs under an Idempotency-Key. */
  run: Run | undefined;
  /** Work was begun: what comes of it is recorded under the key. */
  hasBegun: boolean;
  /** The answer is an earlier request's. */
  isReplay: boolean;
}

const NO_USAGE: InferenceUsage = { inputTokens: 0, outputTokens: 0, inferenceMillis: 0 };

export const newAccount = (): Account => ({
  tenant: "",
  key: "",
  model: "",
  version: "",
  journal: { target: "none" },
  usage: NO_USAGE,
  responseBytes: 0,
  priceUsd: 0,
  leases: {},
  charging: undefined,
  delivered: false,
  settled: false,
  failure: undefined,
  debugUntilMillis: 0,
  run: undefined,
  hasBegun: false,
  isReplay: false,
});

/** What a usage line says beyond the account. */
export interface RequestMeasures {
  readonly requestId: string;
  readonly startedAtMillis: number;
  readonly route: string;
  readonly deployment: string;
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMillis: number;
  readonly coldStart: boolean;
  readonly initMillis: number | undefined;
}

/** Filled in member by member: of the forms that say the same this is the one that costs least, in every request. */
export function usageLineOf(account: Account, measures: RequestMeasures): UsageLine {
  const { failure, usage, journal, leases } = account;
  const facts: Draft<UsageFacts> = {
    requestId: measures.requestId,
    at: new Date(measures.startedAtMillis).toISOString(),
    tenant: account.tenant,
    key: account.key,
    route: measures.route,
    model: account.model,
    version: account.version,
    target: journal.target,
    deployment: measures.deployment,
    status: failure?.status ?? measures.status,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    requestBytes: measures.requestBytes,
    responseBytes: measures.responseBytes,
    inferenceMillis: toMicroseconds(usage.inferenceMillis),
    durationMillis: toMicroseconds(measures.durationMillis),
    coldStart: measures.coldStart,
    priceUsd: account.priceUsd,
  };
  if (usage.cachedInputTokens !== undefined) facts.cachedInputTokens = usage.cachedInputTokens;
  if (journal.cache !== undefined) facts.cache = journal.cache;
  if (journal.answeredBy?.standsIn) facts.answeredBy = journal.answeredBy.model.name;
  if (journal.attempts !== undefined && journal.attempts.length > 1) facts.attempts = explained(journal.attempts);
  if (account.isReplay) facts.replay = true;
  if (measures.initMillis !== undefined) facts.initMillis = toMicroseconds(measures.initMillis);
  if (leases.lease !== undefined) facts.lease = leases.lease;
  if (leases.keyLease !== undefined) facts.keyLease = leases.keyLease;
  if (failure !== undefined) {
    facts.error = failure.code;
    if (account.delivered) facts.delivered = true;
  }
  return buildUsageLine(facts);
}

type Draft<Facts> = { -readonly [Name in keyof Facts]: Facts[Name] };

/** The line under a number of the work's own, where it has one. */
export function accountedOnce(
  line: UsageLine,
  accounting: Accounting | undefined,
  failure: FarthingError | undefined,
): UsageLine {
  const mayComeAgain = failure !== undefined && (ERRORS[failure.code].retryable || failure.code === "cancelled");
  if (accounting === undefined || mayComeAgain) return line;
  const { process, sequence, atMillis } = accounting;
  return { ...line, at: new Date(atMillis).toISOString(), process, sequence };
}

/** Every digit of a log line is paid for, and no clock here is better than a microsecond. */
const toMicroseconds = (millis: number): number => Math.round(millis * 1000) / 1000;
