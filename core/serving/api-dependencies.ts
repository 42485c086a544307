/** What the API is made of, and what it is called with. */
import type { BatchDesk } from "../batches/batch-desk.ts";
import type { FarthingError } from "../errors.ts";
import type { FileDesk } from "../files/file-desk.ts";
import type { Once } from "../idempotency/once-call.ts";
import type { JobDesk } from "../jobs/job-desk.ts";
import type { Admission } from "../metering/admission.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { UsageReader } from "../metering/usage-store.ts";
import type { PricingFacts } from "../pricing/request-pricer.ts";
import type { Protocol } from "../protocols/protocol.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import type { Authentication, Authenticator } from "../tenants/authenticator.ts";
import type { Targets } from "./choose-target.ts";
import type { Clock } from "./clock.ts";
import type { DebugLine } from "./debugged-body.ts";
import type { RegistryView } from "./registry-view.ts";
import type { Answer } from "./work.ts";

export interface RequestContext {
  readonly requestId: string;
  /** Milliseconds since the epoch after which nobody waits for the answer. */
  readonly deadlineMillis: number;
  /** Aborted when the caller goes away, where that is known: on premises. A Lambda function is not told. */
  readonly signal?: AbortSignal;
  /** Undefined: somebody waits for the answer. */
  readonly job?: JobRun;
  /** Whether this is the first request of the process. */
  readonly coldStart: boolean;
  /** How long that process took to start, where the start is billed with this request. */
  readonly initMillis?: number;
}

/** A job that is run: the request comes from nobody's connection. */
export interface JobRun {
  /** SHA-256 of the key on whose behalf. */
  readonly keyHash: string;
  /** Absent: it is a request as any other. */
  readonly accounting?: Accounting;
  /** Once, before the last byte of the answer. */
  onOutcome(outcome: JobOutcome): void;
}

/**
 * What makes the usage line of work that may be done twice (its process died before it was noted as done) one line: whoever
 * counts takes a number of a process once a day. Not given to a failure that another try may not have.
 */
export interface Accounting {
  readonly process: string;
  readonly sequence: number;
  /** Milliseconds since the epoch: the same at every try. */
  readonly atMillis: number;
}

export interface JobOutcome {
  readonly failure: FarthingError | undefined;
  readonly usage: InferenceUsage;
  readonly priceUsd: number;
}

/** What turns requests into jobs, and knows the keys behind them. */
export interface Jobs {
  readonly desk: JobDesk;
  callerOf(keyHash: string): Authentication | Promise<Authentication>;
}

export type Api = (request: HttpRequest, context: RequestContext) => Promise<HttpResponse>;

export interface ApiDependencies {
  readonly protocols: readonly Protocol[];
  readonly authenticator: Authenticator;
  readonly registry: RegistryView;
  /** For readiness. */
  readonly targets: Targets;
  /** Runs the model, by whatever way is best. */
  readonly answer: Answer;
  readonly admission: Admission;
  /** What customers used; undefined where nobody asks for it. */
  readonly usage?: UsageReader | undefined;
  /** Requests with an Idempotency-Key. Undefined: they are refused. */
  readonly once?: Once | undefined;
  /** Undefined: no jobs are taken. */
  readonly jobs?: Jobs | undefined;
  /** Undefined: no files are kept. */
  readonly files?: FileDesk | undefined;
  /** Undefined: no batches are taken. */
  readonly batches?: BatchDesk | undefined;
  /** What cards with free requests, volume steps or a mark-up on cost need; without it they are not served. */
  readonly pricing?: PricingFacts | undefined;
  readonly clock: Clock;
  /** Silence of an answer under way after which it gives a sign of life (heartbeats.ts). */
  readonly heartbeatMillis?: number;
  /** Name of this deployment, for usage lines. */
  readonly deployment: string;
  /** Must have handed the line to the outside when it returns: the last byte of the answer follows. */
  emitUsage(line: UsageLine): void;
  /** Request and answer of a tenant that has asked for it. Undefined: nobody can. */
  emitDebug?(line: DebugLine): void;
  /** A request failed through a fault of ours; `error.cause` may hold more than a customer may see. */
  reportFault(error: FarthingError, requestId: string): void;
}
