/**
 * What a protocol gives the API: its routes, and the form of its errors. A protocol never authenticates, charges, routes
 * or calls a model: core/serving does that once for all of them. The table of protocols is protocols/protocols.ts.
 */

import type { BatchDesk } from "../batches/batch-desk.ts";
import type { FarthingError } from "../errors.ts";
import type { FileDesk } from "../files/file-desk.ts";
import type { JobDesk } from "../jobs/job-desk.ts";
import type { UsageReader } from "../metering/usage-store.ts";
import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { Caller } from "../tenants/caller.ts";
import type { GenerationEvent, GenerationInference } from "./spec/generation.ts";
import type { HttpRequest, HttpResponse } from "./spec/http.ts";
import type { InferenceUsage, WholeRequest, WholeResult } from "./spec/inference.ts";

export interface Protocol {
  readonly name: "openai" | "open-inference";
  /** First path segment that belongs to this protocol: `/v1`, `/v2`. Unknown paths below it get its error form. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  encodeError(error: FarthingError, requestId: string): HttpResponse;
}

export type Route = DocumentRoute | InferenceRoute | GenerationRoute;

interface RouteBase {
  readonly method: "GET" | "POST" | "DELETE";
  /** `/v2/models/{name}/infer`; a parameter matches one segment, decoded. */
  readonly path: string;
}

/** Answers from what is recorded, without a model: lists, metadata, health, usage. */
export interface DocumentRoute extends RouteBase {
  readonly kind: "document";
  /** Whether the route answers without a key (health, server metadata). */
  readonly open: boolean;
  answer(
    parameters: Readonly<Record<string, string>>,
    catalogue: Catalogue,
    question: DocumentQuestion,
  ): Promise<HttpResponse>;
}

export interface DocumentQuestion {
  readonly query: Readonly<Record<string, string>>;
  /** Undefined where the route is open. */
  readonly caller: Caller | undefined;
  readonly nowMillis: number;
  /** For routes that take a body. */
  readonly request?: HttpRequest;
}

/** What document routes may ask. */
export interface Catalogue {
  list(): Promise<readonly ModelRecord[]>;
  /** Throws `unknown_model` or `unknown_version`. Without `version`: the live one. */
  find(name: string, version?: string): Promise<{ readonly model: ModelRecord; readonly version: ModelVersion }>;
  /** Throws `model_not_ready` with the reason. */
  ready(name: string, version?: string): Promise<void>;
  readonly serverVersion: string;
  /** Undefined where the deployment does not tell usage. */
  readonly usage?: UsageReader | undefined;
  /** Undefined where the deployment takes no jobs. */
  readonly jobs?: JobDesk | undefined;
  /** Undefined where the deployment keeps none. */
  readonly files?: FileDesk | undefined;
  readonly batches?: BatchDesk | undefined;
}

/** One request to one model. */
export interface InferenceRoute extends RouteBase {
  readonly kind: "inference";
  /** First look: which model? Throws `malformed_body`, `missing_field`, … */
  open(request: HttpRequest, parameters: Readonly<Record<string, string>>): PendingInference;
}

/** The same, for text that a model generates. */
export interface GenerationRoute extends RouteBase {
  readonly kind: "generation";
  /** For routes whose body calls fields otherwise than the chat route, whose names are those of errors after the decoding. */
  inOwnWords?(error: FarthingError): FarthingError;
  open(request: HttpRequest, parameters: Readonly<Record<string, string>>): Pending<DecodedGeneration>;
}

export interface Pending<Decoded> {
  readonly model: string;
  readonly version?: string;
  /** Second look, the version known: the work, checked against its signature; and how to write the answer down. */
  decode(version: ModelVersion): Decoded;
}

export type PendingInference = Pending<DecodedInference>;

export interface DecodedInference {
  readonly request: WholeRequest;
  encode(result: WholeResult, answer: AnsweredBy): HttpResponse;
}

export interface DecodedGeneration {
  readonly request: GenerationInference;
  /** The caller reads it as it is made. */
  readonly streams: boolean;
  /**
   * Waits for all events, or answers with a stream at once. Events that end with an error end the waiting with it; in a
   * stream the error is its last event, in the protocol's own form.
   */
  encodeEvents(events: AsyncIterable<GenerationEvent>, answer: AnsweredBy): HttpResponse | Promise<HttpResponse>;
}

export interface AnsweredBy {
  readonly model: ModelRecord;
  readonly version: ModelVersion;
  readonly requestId: string;
  readonly createdAtSeconds: number;
  /** What the caller pays for this usage, for answers that carry their price inside. */
  priceUsd(usage: InferenceUsage): number;
}
