/**
 * What is left of a request once it is decoded, and the one shape of everything that can answer it. Caching, fallback and
 * the models themselves are `Answer`s, each wrapped around the next: none of them knows HTTP, keys or prices.
 */
import type { UsageLine } from "../metering/usage-line.ts";
import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { InferenceRequest, InferenceResult } from "../protocols/spec/inference.ts";
import type { Wishes } from "../routing/wake/wishes.ts";
import type { Authentication } from "../tenants/authenticator.ts";
import type { Attempt } from "./attempt.ts";
import type { InferenceContext } from "./target.ts";

/** Whose request it is. */
export type Caller = Extract<Authentication, { readonly type: "known" }>;

export interface Work {
  readonly caller: Caller;
  readonly model: ModelRecord;
  readonly version: ModelVersion;
  readonly request: InferenceRequest;
  /** Of the HTTP request, lower-case names: wishes such as `cache-control`. Never a reason for another answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly context: InferenceContext;
  /** How the caller waits. Absent: as the headers say, and nothing can be sent before the answer. */
  readonly patience?: Patience;
  /** Each `Answer` notes here what it decided; the usage line and the response's headers tell of it. */
  readonly journal: Journal;
}

export interface Patience {
  readonly wishes: Wishes;
  /** From now on the request waits for a model to wake: signs of life may go out. */
  onHold(): void;
  /** Whether they have: no other model can answer any more, and no other status. */
  hasBegun(): boolean;
}

export interface Journal {
  /** Where the work went last, also if it failed there. */
  target: UsageLine["target"];
  /** Each try at a target, in the order of their ends. Absent: there was no choice to make. */
  attempts?: readonly Attempt[];
  /** What the cache did. Absent: the card has none. */
  cache?: NonNullable<UsageLine["cache"]>;
  /** What answers, where that is not simply what was asked for; its card says the price. */
  answeredBy?: { readonly model: ModelRecord; readonly version: ModelVersion; readonly standsIn: boolean };
}

/**
 * Throws FarthingError. A generation's events may still fail while they are read; `journal` is complete when the first
 * event, or a whole result, is there.
 */
export type Answer = (work: Work) => Promise<InferenceResult>;
