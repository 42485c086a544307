/**
 * POST /v1/rerank: not OpenAI's, but what Cohere, Jina, vLLM and text-embeddings-inference have in common, which differ in
 * little beside it. https://docs.cohere.com/v1/reference/rerank https://api.jina.ai/redoc#tag/rerank
 * Unknown fields are refused: most of those that others know (`rank_fields`, `max_chunks_per_doc`) change the scores.
 */
import { FarthingError } from "../../errors.ts";
import type { ModelVersion } from "../../models/registry.ts";
import { DOCUMENTS_INPUT, QUERY_INPUT, SCORE_OUTPUT } from "../../models/task-signature.ts";
import { float32Text } from "../json/float32-text.ts";
import { isJsonObject, type JsonObject, parseJsonObject, refuseCompressedBody } from "../json/parse-json.ts";
import type { AnsweredBy, InferenceRoute, PendingInference } from "../protocol.ts";
import type { HttpRequest, HttpResponse } from "../spec/http.ts";
import type { InferenceResult, TensorInference } from "../spec/inference.ts";
import { MAX_INPUTS } from "./embeddings-request.ts";
import { readFlag, readModel, readText, refuseFieldsBut, wrong, wrongTask } from "./fields.ts";
import { outputTensors } from "./output-tensor.ts";

export const RERANK_ROUTE: InferenceRoute = { kind: "inference", method: "POST", path: "/v1/rerank", open };

const FIELDS = new Set(["model", "query", "documents", "top_n", "return_documents", "truncate"]);

interface RerankBody {
  readonly query: string;
  readonly documents: readonly string[];
  /** Default: all documents. */
  readonly topN: number;
  /** Default false, as with Cohere: the caller has them. */
  readonly returnDocuments: boolean;
  /** Cut documents that are too long instead of refusing them. Default false. */
  readonly truncate: boolean;
}

function open(request: HttpRequest): PendingInference {
  refuseCompressedBody(request);
  const body = parseJsonObject(request.body);
  refuseFieldsBut(FIELDS, body);
  const model = readModel(body);
  return {
    model,
    decode(version) {
      const read = readBody(body);
      return {
        request: decode(read, model, version),
        encode: (result, answer) => encodeRerank(result, answer, read),
      };
    },
  };
}

function readBody(body: JsonObject): RerankBody {
  const { query, documents, top_n: topN } = body;
  for (const field of ["query", "documents"]) {
    if (body[field] !== undefined) continue;
    throw new FarthingError("missing_field", `${field} is absent; a rerank needs a query and documents.`, { field });
  }
  if (!Array.isArray(documents) || documents.length === 0 || documents.length > MAX_INPUTS) {
    throw wrong("documents", documents, `an array of 1 to ${MAX_INPUTS} documents`);
  }
  if (topN !== undefined && topN !== null && !(Number.isInteger(topN) && (topN as number) >= 1)) {
    throw wrong("top_n", topN, "a whole number from 1 on");
  }
  return {
    query: readText(query, "query"),
    documents: documents.map((document, index) => readDocument(document, `documents[${index}]`)),
    topN: Math.min((topN as number | null | undefined) ?? documents.length, documents.length),
    returnDocuments: readFlag(body.return_documents, "return_documents"),
    truncate: readFlag(body.truncate, "truncate"),
  };
}

/** A text, or an object that holds one. */
function readDocument(document: unknown, field: string): string {
  return isJsonObject(document) ? readText(document.text, `${field}.text`) : readText(document, field);
}

function decode({ query, documents, truncate }: RerankBody, model: string, version: ModelVersion): TensorInference {
  if (version.task !== "rerank") throw wrongTask(model, version, "/v1/rerank takes rerank models");
  return {
    type: "tensors",
    inputs: [
      { name: QUERY_INPUT, dataType: "BYTES", shape: [1], data: [query] },
      { name: DOCUMENTS_INPUT, dataType: "BYTES", shape: [documents.length], data: documents },
    ],
    outputs: [SCORE_OUTPUT],
    places: { [QUERY_INPUT]: "query", [DOCUMENTS_INPUT]: "documents[]" },
    ...(truncate && { parameters: { truncate } }),
  };
}

/** Best first; documents of one score keep their order. */
function encodeRerank(result: InferenceResult, answer: AnsweredBy, body: RerankBody): HttpResponse {
  const { usage, scores: scoresOf } = outputTensors(result);
  const scores = scoresOf(SCORE_OUTPUT);
  const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const results = order.slice(0, body.topN).map((index) => {
    const document = body.returnDocuments ? `,"document":{"text":${JSON.stringify(body.documents[index])}}` : "";
    return `{"index":${index},"relevance_score":${float32Text(scores[index] as number)}${document}}`;
  });
  const tokens = usage.inputTokens;
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body:
      `{"id":${JSON.stringify(`rerank-${answer.requestId}`)},"object":"list","model":${JSON.stringify(answer.model.name)},` +
      `"results":[${results.join(",")}],"usage":{"prompt_tokens":${tokens},"total_tokens":${tokens}}}`,
  };
}
