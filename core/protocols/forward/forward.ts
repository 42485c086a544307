/**
 * The wire between the router deployment and the deployment that holds a model. Internal: both ends are the same release
 * of the same code, and `farthing` names the version for the minutes of a rollout.
 *
 * Request: a Lambda event, so JSON; the tensors' bytes lie end to end in one base64 string. Response: a byte stream, a
 * frame of 4 bytes header length (little-endian), JSON header, raw tensor bytes. Generated text is a stream of such frames,
 * one for each event and none with further bytes; it is whole when the `finish` event has come.
 */
import type { GenerationEvent, GenerationInference } from "../spec/generation.ts";
import type { InferenceUsage, TaskParameters } from "../spec/inference.ts";
import type { DataType } from "../spec/tensor.ts";

export const INFER_EVENT = "infer/1";
export const READY_EVENT = "ready/1";
export const RESPONSE_FRAME = "response/1";

/** Lambda's limit for the event of a synchronous call. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024;

interface EventBase {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly deadlineMillis: number;
  readonly model: string;
  /** Full digest. */
  readonly version: string;
  /** Whose request it is. */
  readonly tenant?: string;
}

export interface InferEvent extends EventBase {
  readonly farthing: typeof INFER_EVENT;
  readonly request: WireRequest;
}

export interface ReadyEvent extends EventBase {
  readonly farthing: typeof READY_EVENT;
}

/** A tensor without its data; `bytes` of it are next in the data. */
export interface WireTensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export type WireRequest =
  | {
      readonly type: "tensors";
      readonly inputs: readonly WireTensor[];
      readonly outputs?: readonly string[];
      readonly parameters?: TaskParameters;
      readonly places?: Readonly<Record<string, string>>;
      readonly data: string;
    }
  | {
      readonly type: "embeddings";
      readonly inputs: readonly (string | readonly number[])[];
      readonly dimensions?: number;
    }
  | GenerationInference;

export type WireHeader = { readonly farthing: typeof RESPONSE_FRAME } & (
  | { readonly type: "tensors"; readonly outputs: readonly WireTensor[]; readonly usage: InferenceUsage }
  | {
      readonly type: "embeddings";
      readonly count: number;
      readonly dimensions: number;
      readonly usage: InferenceUsage;
    }
  | { readonly type: "event"; readonly event: GenerationEvent }
  | { readonly type: "ready" }
  | {
      readonly type: "error";
      readonly code: string;
      readonly message: string;
      readonly field?: string;
      readonly retryAfterSeconds?: number;
    }
);
