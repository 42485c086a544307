import { FarthingError } from "../../errors.ts";
import { type ModelVersion, versionId } from "../../models/registry.ts";
import { type JsonObject, parseJsonObject, parseLongIntegersAsText, refuseCompressedBody } from "../json/parse-json.ts";
import { quoted, received } from "../json/received.ts";
import type { DecodedInference, InferenceRoute, PendingInference } from "../protocol.ts";
import type { HttpRequest } from "../spec/http.ts";
import type { TaskParameters } from "../spec/inference.ts";
import type { Tensor } from "../spec/tensor.ts";
import { BinarySection, type Body, splitBody } from "./body.ts";
import { decodeInputs } from "./inputs.ts";
import { readFlag, readParameters, readTaskParameters } from "./parameters.ts";
import { decodeRawRequest } from "./raw-request.ts";
import { decodeRequestedOutputs, everyOutput, type OutputChoice } from "./requested-outputs.ts";
import { encodeInferResponse } from "./response.ts";

export const INFER_ROUTES: readonly InferenceRoute[] = [
  { kind: "inference", method: "POST", path: "/v2/models/{name}/infer", open },
  { kind: "inference", method: "POST", path: "/v2/models/{name}/versions/{version}/infer", open },
];

/** The model stands in the path, so the body waits until its signature is known and is then read in one go. */
function open(request: HttpRequest, parameters: Readonly<Record<string, string>>): PendingInference {
  const model = parameters.name as string;
  const version = parameters.version;
  return {
    model,
    ...(version === undefined ? {} : { version }),
    decode: (found) => decode(request, model, found),
  };
}

function decode(request: HttpRequest, model: string, version: ModelVersion): DecodedInference {
  refuseCompressedBody(request);
  const body = splitBody(request);
  if (body.type === "json") return decodeJson(body, model, version);
  return decoded([decodeRawRequest(body.bytes, version.signature)], undefined, everyOutput(true));
}

function decodeJson(body: Extract<Body, { type: "json" }>, model: string, version: ModelVersion): DecodedInference {
  const { inputs: inputSpecs, outputs: outputSpecs } = version.signature;
  const object = parseJsonObject(body.json);
  refuseUnknownFields(object);
  checkAddressee(object, model, version);
  const parameters = readParameters(object.parameters, "parameters");
  const binaryByDefault = readFlag(parameters, "binary_data_output", "parameters") ?? false;
  const taskParameters = object.parameters === undefined ? undefined : readTaskParameters(parameters, "parameters");
  const choice = decodeRequestedOutputs(object.outputs, outputSpecs, binaryByDefault);
  let exact: JsonObject | undefined;
  const exactInputs = () => {
    exact ??= parseLongIntegersAsText(body.json);
    return exact.inputs;
  };
  const binary = new BinarySection(body.binary);
  const inputs = decodeInputs(object.inputs, { specs: inputSpecs, binary, exactInputs });
  return decoded(inputs, readId(object.id), choice, taskParameters);
}

function decoded(
  inputs: readonly Tensor[],
  id: string | undefined,
  choice: OutputChoice,
  parameters?: TaskParameters,
): DecodedInference {
  return {
    request: {
      type: "tensors",
      inputs,
      ...(choice.names === undefined ? {} : { outputs: choice.names }),
      ...(parameters && { parameters }),
    },
    encode: (result, answer) => encodeInferResponse(result, answer, id, choice),
  };
}

const REQUEST_FIELDS = new Set(["id", "parameters", "inputs", "outputs", "model_name", "model_version"]);

function refuseUnknownFields(object: JsonObject): void {
  for (const name in object) {
    if (REQUEST_FIELDS.has(name)) continue;
    const message = `The body has the field ${quoted(name)}; allowed are ${[...REQUEST_FIELDS].join(", ")}.`;
    throw new FarthingError("unknown_field", message, { field: name });
  }
}

/** Some clients repeat the model in the body, as in Triton's own examples. The path decides; another name is a mistake. */
function checkAddressee(object: JsonObject, model: string, version: ModelVersion): void {
  const { model_name: name, model_version: named } = object;
  if (name !== undefined && name !== model) throw wrong("model_name", name, `${quoted(model)}, as in the path`);
  if (named === undefined || named === "" || named === version.digest || named === versionId(version.digest)) return;
  throw wrong("model_version", named, `${quoted(versionId(version.digest))}, the version that answers`);
}

function readId(id: unknown): string | undefined {
  if (id === undefined || typeof id === "string") return id;
  throw wrong("id", id, "a string");
}

function wrong(field: string, value: unknown, allowed: string): FarthingError {
  return new FarthingError("invalid_field", `${field} is ${received(value)}; it must be ${allowed}.`, { field });
}
