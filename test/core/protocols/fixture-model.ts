import { FarthingError } from "../../../core/errors.ts";
import type { ModelRecord, ModelVersion } from "../../../core/models/registry.ts";
import type { AnsweredBy, Catalogue, InferenceRoute } from "../../../core/protocols/protocol.ts";
import { PROTOCOLS } from "../../../core/protocols/protocols.ts";
import type { HttpRequest, HttpResponse } from "../../../core/protocols/spec/http.ts";
import type { WholeResult } from "../../../core/protocols/spec/inference.ts";
import type { ModelSignature } from "../../../core/protocols/spec/signature.ts";
import type { DataType, Tensor } from "../../../core/protocols/spec/tensor.ts";

export const DIGEST = "0123456789ab".padEnd(64, "c");
export const VERSION_ID = "0123456789ab";

export function versionOf(signature: ModelSignature, task: ModelVersion["task"] = "tensor"): ModelVersion {
  return { digest: DIGEST, createdAt: "2026-11-24T08:00:00.000Z", bytes: 1234, task, price: {}, signature };
}

export function modelOf(version: ModelVersion, name = "m"): ModelRecord {
  return {
    name,
    revision: 1,
    group: "small",
    versions: [version],
    weights: { [version.digest]: 1 },
    live: version.digest,
    history: [],
  };
}

export const answeredBy = (version: ModelVersion): AnsweredBy => ({
  model: modelOf(version),
  version,
  requestId: "request-1",
  createdAtSeconds: 1_795_000_000,
  priceUsd: ({ inputTokens, outputTokens }) => (inputTokens + 2 * outputTokens) / 1_000_000,
});

/** One input `x` and one output `y` of the same type and shape. */
export function echoVersion(dataType: DataType, shape: readonly number[]): ModelVersion {
  return versionOf({ inputs: [{ name: "x", dataType, shape }], outputs: [{ name: "y", dataType, shape }] });
}

export const USAGE = { inputTokens: 3, outputTokens: 0, inferenceMillis: 1.5 };

export const tensorResult = (...outputs: readonly Tensor[]): WholeResult => ({
  type: "tensors",
  outputs,
  usage: USAGE,
});

export function request(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): HttpRequest {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { method: "POST", path: "/", query: {}, headers, body: bytes };
}

export function inferenceRoute(path: string): InferenceRoute {
  const route = PROTOCOLS.flatMap(({ routes }) => routes).find((candidate) => candidate.path === path);
  if (route?.kind !== "inference") throw new Error(`no inference route ${path}`);
  return route;
}

/** The work that a body asks of `version`, and how its answer is written. */
export function decodeInfer(
  version: ModelVersion,
  body: string | Uint8Array | object,
  headers: Readonly<Record<string, string>> = {},
) {
  const content = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return inferenceRoute("/v2/models/{name}/infer").open(request(content, headers), { name: "m" }).decode(version);
}

/** The tensors of a request that asks for tensors. */
export function decodedInputs(...args: Parameters<typeof decodeInfer>): readonly Tensor[] {
  const { request: work } = decodeInfer(...args);
  if (work.type !== "tensors") throw new Error(`decoded ${work.type}`);
  return work.inputs;
}

export function bodyText(response: HttpResponse): string {
  if (typeof response.body === "string") return response.body;
  if (response.body instanceof Uint8Array) return new TextDecoder().decode(response.body);
  throw new Error("a streamed body");
}

/** The error that `act` throws, which must be one of ours. */
export function errorOf(act: () => unknown): FarthingError {
  try {
    act();
  } catch (error) {
    if (error instanceof FarthingError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

export const catalogueOf = (...models: readonly ModelRecord[]): Catalogue => ({
  serverVersion: "1.2.3",
  list: async () => models,
  find: async (name, version) => {
    const model = models.find((candidate) => candidate.name === name);
    if (model === undefined) throw new FarthingError("unknown_model", `No model ${name}.`);
    const found = model.versions.find(({ digest }) => digest.startsWith(version ?? model.live));
    if (found === undefined) throw new FarthingError("unknown_version", `No version ${version}.`);
    return { model, version: found };
  },
  ready: async (name) => {
    if (name === "broken") throw new FarthingError("model_not_ready", "model.onnx is truncated.");
  },
});
