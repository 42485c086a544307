import { FarthingError } from "../../errors.ts";
import type { ModelVersion } from "../../models/registry.ts";
import { type JsonObject, parseJsonObject, refuseCompressedBody } from "../json/parse-json.ts";
import type { AnsweredBy, InferenceRoute, PendingInference } from "../protocol.ts";
import type { HttpRequest, HttpResponse } from "../spec/http.ts";
import type { EmbeddingInference, InferenceResult } from "../spec/inference.ts";
import { floatsText } from "../tensors/to-json.ts";
import { readDimensions, readEncodingFormat, readInputs, refuseUnknownFields } from "./embeddings-request.ts";
import { readModel, wrongTask } from "./fields.ts";

type EncodingFormat = ReturnType<typeof readEncodingFormat>;

export const EMBEDDINGS_ROUTE: InferenceRoute = { kind: "inference", method: "POST", path: "/v1/embeddings", open };

function open(request: HttpRequest): PendingInference {
  refuseCompressedBody(request);
  const body = parseJsonObject(request.body);
  refuseUnknownFields(body);
  return {
    model: readModel(body),
    decode: (version) => {
      const format = readEncodingFormat(body);
      return {
        request: decode(body, version),
        encode: (result, answer) => encodeEmbeddings(result, answer, format),
      };
    },
  };
}

function decode(body: JsonObject, version: ModelVersion): EmbeddingInference {
  if (version.task !== "embedding") {
    throw wrongTask(String(body.model), version, "/v1/embeddings takes embedding models");
  }
  const size = version.signature.outputs[0]?.shape.at(-1) ?? -1;
  const dimensions = readDimensions(body, size === -1 ? undefined : size);
  const inputs = readInputs(body);
  return { type: "embeddings", inputs, ...(dimensions === undefined ? {} : { dimensions }) };
}

function encodeEmbeddings(result: InferenceResult, answer: AnsweredBy, format: EncodingFormat): HttpResponse {
  if (result.type !== "embeddings") {
    throw new FarthingError("internal", `The model runner answered ${result.type} for a request for embeddings.`);
  }
  refuseNan(result.vectors);
  const data = result.vectors.map(
    (vector, index) =>
      `{"object":"embedding","index":${index},"embedding":${format === "base64" ? base64(vector) : floatsText(vector)}}`,
  );
  const tokens = result.usage.inputTokens;
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body:
      `{"object":"list","data":[${data.join(",")}],"model":${JSON.stringify(answer.model.name)},` +
      `"usage":{"prompt_tokens":${tokens},"total_tokens":${tokens}}}`,
  };
}

/** Little-endian float32, as the official clients ask for by default and decode. */
function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}"`;
}

/** No client expects a vector that is not one. One addition per value finds any NaN or infinity. */
function refuseNan(vectors: readonly Float32Array[]): void {
  for (let index = 0; index < vectors.length; index++) {
    const vector = vectors[index] as Float32Array;
    let zero = 0;
    for (let position = 0; position < vector.length; position++) zero += (vector[position] as number) * 0;
    if (zero !== 0) throw new FarthingError("internal", `The model's vector for input ${index} holds NaN or infinity.`);
  }
}
