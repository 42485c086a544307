import { FarthingError } from "../../errors.ts";
import { versionId } from "../../models/registry.ts";
import type { AnsweredBy } from "../protocol.ts";
import type { HttpResponse } from "../spec/http.ts";
import type { InferenceResult } from "../spec/inference.ts";
import type { Tensor } from "../spec/tensor.ts";
import { tensorDataToBytes } from "../tensors/to-bytes.ts";
import { tensorDataToJson } from "../tensors/to-json.ts";
import { HEADER_LENGTH } from "./body.ts";
import type { OutputChoice } from "./requested-outputs.ts";

/** The response object; the data of binary outputs follows it in the order of the outputs. */
export function encodeInferResponse(
  result: InferenceResult,
  answer: AnsweredBy,
  id: string | undefined,
  choice: OutputChoice,
): HttpResponse {
  if (result.type !== "tensors") throw fault(`a result of type ${result.type} for a request for tensors`);
  const binary: Uint8Array[] = [];
  const outputs = chosen(result.outputs, choice).map((tensor) => outputText(tensor, choice, binary));
  const idText = id === undefined ? "" : `,"id":${JSON.stringify(id)}`;
  const text =
    `{"model_name":${JSON.stringify(answer.model.name)},"model_version":"${versionId(answer.version.digest)}"` +
    `${idText},"outputs":[${outputs.join(",")}]}`;
  if (binary.length === 0) return { status: 200, headers: { "content-type": "application/json" }, body: text };
  const jsonBytes = Buffer.byteLength(text);
  return {
    status: 200,
    headers: { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(jsonBytes) },
    body: joined(text, jsonBytes, binary),
  };
}

function joined(text: string, textBytes: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = textBytes;
  for (const part of parts) length += part.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = bytes.write(text);
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function outputText(tensor: Tensor, choice: OutputChoice, binary: Uint8Array[]): string {
  const head = `{"name":${JSON.stringify(tensor.name)},"shape":[${tensor.shape.join(",")}],"datatype":"${tensor.dataType}"`;
  if (!choice.isBinary(tensor.name)) return `${head},"data":${tensorDataToJson(tensor)}}`;
  const bytes = tensorDataToBytes(tensor);
  binary.push(bytes);
  return `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
}

function chosen(outputs: readonly Tensor[], choice: OutputChoice): readonly Tensor[] {
  if (choice.names === undefined) return outputs;
  return choice.names.map((name) => {
    const tensor = outputs.find((output) => output.name === name);
    if (tensor === undefined) throw fault(`no output ${JSON.stringify(name)}`);
    return tensor;
  });
}

const fault = (what: string) => new FarthingError("internal", `The model runner answered ${what}; this is our fault.`);
