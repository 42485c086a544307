/**
 * The name of an answer: everything that makes it what it is, hashed. A publish changes the version's digest, and with it
 * every name: nothing has to be deleted for an old answer never to be found again.
 */
import { hash } from "node:crypto";
import type { InferenceRequest } from "../protocols/spec/inference.ts";
import type { Tensor } from "../protocols/spec/tensor.ts";
import { tensorDataToBytes } from "../protocols/tensors/to-bytes.ts";
import { RecencyMap } from "./recency-map.ts";

/** Of the name and of what is stored under it; a release that changes either counts on. */
export const ANSWER_FORMAT = "farthing.answer/1";

export interface AnswerIdentity {
  /** Who may share the answer. */
  readonly scope: string;
  readonly model: string;
  /** Full digest of the version. */
  readonly digest: string;
  readonly request: InferenceRequest;
}

export interface AnswerName {
  /** 32 hex digits that all answers of a scope have in common: a tenant's own are known to nobody once it is deleted. */
  readonly scope: string;
  /** SHA-256 of everything, 32 bytes. */
  readonly key: Buffer;
  /** `a:<scope>:<key>` */
  readonly text: string;
}

export function answerName({ scope, model, digest, request }: AnswerIdentity): AnswerName {
  const parts = requestParts(request);
  const head = JSON.stringify([
    ANSWER_FORMAT,
    scope,
    model,
    digest,
    parts.description,
    parts.data.map(({ length }) => length),
  ]);
  const key = hash(
    "sha256",
    parts.data.length === 0 ? head : Buffer.concat([Buffer.from(head), ...parts.data]),
    "buffer",
  );
  const scopeName = scopeNameOf(scope);
  return { scope: scopeName, key, text: `a:${scopeName}:${key.toString("base64url")}` };
}

/** Hashed, so that names in the store tell nobody who the customers are. */
export function scopeNameOf(scope: string): string {
  let name = scopeNames.get(scope);
  if (name === undefined) {
    name = hash("sha256", `${ANSWER_FORMAT} ${scope}`, "hex").slice(0, 32);
    scopeNames.set(scope, name);
  }
  return name;
}

const scopeNames = new RecencyMap<string, string>(1_000);

interface RequestParts {
  /** JSON tells any two requests apart, even texts that are no valid Unicode: it escapes lone surrogates. */
  readonly description: unknown;
  readonly data: readonly Uint8Array[];
}

/**
 * As it is decoded, so that both protocols, streams and buffered answers share one. The order of members stays: a tool's schema is
 * laid out in the prompt in the order in which it came.
 */
function requestParts(request: InferenceRequest): RequestParts {
  if (request.type !== "tensors") return { description: request, data: [] };
  // `places` is for error messages, and errors are not kept.
  const { places: _, inputs, ...rest } = request;
  return {
    description: { ...rest, inputs: inputs.map(described) },
    data: inputs.filter(({ dataType }) => dataType !== "BYTES").map(tensorDataToBytes),
  };
}

const described = ({ name, dataType, shape, data }: Tensor) => ({
  name,
  dataType,
  shape,
  ...(dataType === "BYTES" && { data }),
});
