/** What is known of a request so far, for its usage line; what stays empty was never reached. */
import type { FarthingError } from "../errors.ts";
import { buildUsageLine } from "../metering/build-usage-line.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import type { Journal } from "./work.ts";

export interface Account {
  tenant: string;
  key: string;
  model: string;
  version: string;
  readonly journal: Journal;
  usage: InferenceUsage;
  priceUsd: number;
  /** Something that costs money reached the caller, or is about to: a failure from here on does not make it free. */
  delivered: boolean;
  /** Nothing more will be used. */
  settled: boolean;
  failure: FarthingError | undefined;
}

const NO_USAGE: InferenceUsage = { inputTokens: 0, outputTokens: 0, inferenceMillis: 0 };

export const newAccount = (): Account => ({
  tenant: "",
  key: "",
  model: "",
  version: "",
  journal: { target: "none" },
  usage: NO_USAGE,
  priceUsd: 0,
  delivered: false,
  settled: false,
  failure: undefined,
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
}

export function usageLineOf(account: Account, measures: RequestMeasures): UsageLine {
  const { failure, usage } = account;
  return buildUsageLine({
    requestId: measures.requestId,
    at: new Date(measures.startedAtMillis).toISOString(),
    tenant: account.tenant,
    key: account.key,
    route: measures.route,
    model: account.model,
    version: account.version,
    target: account.journal.target,
    deployment: measures.deployment,
    status: failure?.status ?? measures.status,
    ...(failure && { error: failure.code, ...(account.delivered && { delivered: true }) }),
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    requestBytes: measures.requestBytes,
    responseBytes: measures.responseBytes,
    inferenceMillis: toMicroseconds(usage.inferenceMillis),
    durationMillis: toMicroseconds(measures.durationMillis),
    coldStart: measures.coldStart,
    priceUsd: account.priceUsd,
  });
}

/** Every digit of a log line is paid for, and no clock here is better than a microsecond. */
const toMicroseconds = (millis: number): number => Math.round(millis * 1000) / 1000;
