import { FarthingError } from "../../errors.ts";
import type { InferenceContext } from "../../serving/target.ts";
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import type { GenerationInference } from "../spec/generation.ts";
import type { InferenceRequest, TaskParameters } from "../spec/inference.ts";
import {
  INFER_EVENT,
  type InferEvent,
  MAX_EVENT_BYTES,
  READY_EVENT,
  type ReadyEvent,
  type WireRequest,
} from "./forward.ts";
import { packTensors, unpackTensors } from "./wire-tensors.ts";

interface Addressed extends InferenceContext {
  readonly model: string;
  /** Full digest. */
  readonly version: string;
}

export type ForwardedEvent =
  | (Addressed & { readonly type: "infer"; readonly request: InferenceRequest })
  | (Addressed & { readonly type: "ready" });

/** The payload of the call. Throws `payload_too_large` when Lambda would not take it: JSON numbers may be shorter than bytes. */
export function encodeForwardEvent(event: ForwardedEvent): string {
  const { requestId, deadlineMillis, model, version, tenant } = event;
  const address = { requestId, deadlineMillis, model, version, ...(tenant !== undefined && { tenant }) };
  const wire: InferEvent | ReadyEvent =
    event.type === "ready"
      ? { farthing: READY_EVENT, ...address }
      : { farthing: INFER_EVENT, ...address, request: wireRequest(event.request) };
  const payload = JSON.stringify(wire);
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_EVENT_BYTES) return payload;
  throw new FarthingError(
    "payload_too_large",
    `The inputs take ${bytes} bytes on their way to the model's own deployment; at most ${MAX_EVENT_BYTES} are allowed. ` +
      "Send fewer rows at once.",
  );
}

export const isForwardEvent = (event: unknown): boolean =>
  isJsonObject(event) && (event.farthing === INFER_EVENT || event.farthing === READY_EVENT);

/** `event` as the Lambda runtime parsed it. Throws `malformed_body`. */
export function decodeForwardEvent(event: unknown): ForwardedEvent {
  if (!isJsonObject(event)) throw malformed("it is no object");
  const { farthing, requestId, deadlineMillis, model, version, tenant } = event;
  if (typeof requestId !== "string" || typeof model !== "string" || typeof version !== "string") {
    throw malformed("requestId, model and version must be strings");
  }
  if (typeof deadlineMillis !== "number") throw malformed("deadlineMillis must be a number");
  if (tenant !== undefined && typeof tenant !== "string") throw malformed("tenant must be a string");
  const address = { requestId, deadlineMillis, model, version, ...(tenant !== undefined && { tenant }) };
  if (farthing === READY_EVENT) return { type: "ready", ...address };
  if (farthing !== INFER_EVENT) throw malformed(`farthing must be "${INFER_EVENT}" or "${READY_EVENT}"`);
  if (!isJsonObject(event.request)) throw malformed("request must be an object");
  return { type: "infer", ...address, request: readRequest(event.request) };
}

function wireRequest(request: InferenceRequest): WireRequest {
  if (request.type !== "tensors") return request;
  const { heads, chunks } = packTensors(request.inputs);
  return {
    type: "tensors",
    inputs: heads,
    ...(request.outputs === undefined ? {} : { outputs: request.outputs }),
    ...(request.parameters && { parameters: request.parameters }),
    ...(request.places && { places: request.places }),
    data: Buffer.concat(chunks).toString("base64"),
  };
}

function readRequest(request: JsonObject): InferenceRequest {
  if (request.type === "embeddings") return readEmbeddings(request);
  if (request.type === "generation") return readGeneration(request);
  if (request.type !== "tensors") throw malformed('request.type must be "tensors", "embeddings" or "generation"');
  const { outputs, data, inputs, parameters, places } = request;
  if (outputs !== undefined && !isStringArray(outputs)) throw malformed("request.outputs must be strings");
  if (parameters !== undefined && !isJsonObject(parameters)) throw malformed("request.parameters must be an object");
  if (places !== undefined && !isJsonObject(places)) throw malformed("request.places must be an object");
  if (typeof data !== "string") throw malformed("request.data must be base64");
  try {
    const tensors = unpackTensors(inputs, Buffer.from(data, "base64"));
    return {
      type: "tensors",
      inputs: tensors,
      ...(outputs === undefined ? {} : { outputs }),
      ...(parameters && { parameters: parameters as TaskParameters }),
      ...(places && { places: places as Readonly<Record<string, string>> }),
    };
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : "its tensors cannot be read");
  }
}

function readEmbeddings({ inputs, dimensions }: JsonObject): InferenceRequest {
  const isInput = (input: unknown) => typeof input === "string" || isNumberArray(input);
  if (!Array.isArray(inputs) || !inputs.every(isInput)) throw malformed("request.inputs must be texts or token ids");
  if (dimensions !== undefined && typeof dimensions !== "number") throw malformed("dimensions must be a number");
  return { type: "embeddings", inputs, ...(dimensions === undefined ? {} : { dimensions }) };
}

/** Both ends are the same code: what is looked at here is what would fail without a word. */
function readGeneration(request: JsonObject): InferenceRequest {
  const { prompts, choices, sampling, stop } = request;
  if (!Array.isArray(prompts) || !prompts.every(isJsonObject)) throw malformed("request.prompts must be objects");
  if (typeof choices !== "number") throw malformed("request.choices must be a number");
  if (!isJsonObject(sampling)) throw malformed("request.sampling must be an object");
  if (!isStringArray(stop)) throw malformed("request.stop must be strings");
  return request as unknown as GenerationInference;
}

const isStringArray = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((member) => typeof member === "string");

const isNumberArray = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((member) => typeof member === "number");

const malformed = (why: string) => new FarthingError("malformed_body", `The forwarded event cannot be read: ${why}.`);
