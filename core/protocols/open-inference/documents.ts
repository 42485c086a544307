import { type ModelRecord, type ModelVersion, versionId } from "../../models/registry.ts";
import { jsonResponse } from "../json/json-response.ts";
import type { DocumentRoute } from "../protocol.ts";
import type { TensorSpec } from "../spec/signature.ts";

/** Every Farthing model of this protocol is an ONNX file; the name is Triton's for it. */
const PLATFORM = "onnxruntime_onnxv1";
const EXTENSIONS = ["binary_tensor_data", "model_repository"];

const tensorMetadata = ({ name, dataType, shape }: TensorSpec) => ({ name, datatype: dataType, shape });

const modelMetadata = (model: ModelRecord, version: ModelVersion) => ({
  name: model.name,
  versions: model.versions.map(({ digest }) => versionId(digest)),
  platform: PLATFORM,
  inputs: version.signature.inputs.map(tensorMetadata),
  outputs: version.signature.outputs.map(tensorMetadata),
});

const answerMetadata: DocumentRoute["answer"] = async ({ name, version }, catalogue) => {
  const found = await catalogue.find(name as string, version);
  return jsonResponse(modelMetadata(found.model, found.version));
};

/** 200 only when the version can answer; otherwise the error says why. */
const answerReady: DocumentRoute["answer"] = async ({ name, version }, catalogue) => {
  await catalogue.ready(name as string, version);
  return jsonResponse({ name, ready: true });
};

export const DOCUMENT_ROUTES: readonly DocumentRoute[] = [
  {
    kind: "document",
    method: "GET",
    path: "/v2",
    open: true,
    answer: async (_, { serverVersion }) =>
      jsonResponse({ name: "farthing", version: serverVersion, extensions: EXTENSIONS }),
  },
  {
    kind: "document",
    method: "GET",
    path: "/v2/health/live",
    open: true,
    answer: async () => jsonResponse({ live: true }),
  },
  {
    kind: "document",
    method: "GET",
    path: "/v2/health/ready",
    open: true,
    /** Ready when the registry answers: models load on their first request. `live` is what the specification prints here. */
    answer: async (_, catalogue) => {
      await catalogue.list();
      return jsonResponse({ live: true, ready: true });
    },
  },
  {
    kind: "document",
    method: "GET",
    path: "/v2/models",
    open: false,
    /** Not in the specification; KServe's own server lists names in this form. */
    answer: async (_, catalogue) => jsonResponse({ models: (await catalogue.list()).map(({ name }) => name) }),
  },
  {
    kind: "document",
    method: "POST",
    path: "/v2/repository/index",
    open: false,
    /** READY as in "takes requests": a version is published after it has loaded, and loads again on its first request. */
    answer: async (_, catalogue) =>
      jsonResponse(
        (await catalogue.list()).flatMap(({ name, versions }) =>
          versions.map(({ digest }) => ({ name, version: versionId(digest), state: "READY", reason: "" })),
        ),
      ),
  },
  { kind: "document", method: "GET", path: "/v2/models/{name}", open: false, answer: answerMetadata },
  {
    kind: "document",
    method: "GET",
    path: "/v2/models/{name}/versions/{version}",
    open: false,
    answer: answerMetadata,
  },
  { kind: "document", method: "GET", path: "/v2/models/{name}/ready", open: false, answer: answerReady },
  {
    kind: "document",
    method: "GET",
    path: "/v2/models/{name}/versions/{version}/ready",
    open: false,
    answer: answerReady,
  },
];
