/** `/v1/batches`: https://platform.openai.com/docs/api-reference/batch */
import { BATCH_ENDPOINTS, type Batch, type BatchEndpoint, type BatchStatus } from "../../../batches/batch.ts";
import type { BatchOrder } from "../../../batches/batch-desk.ts";
import { FarthingError } from "../../../errors.ts";
import { formatUsd } from "../../../pricing/request-price.ts";
import { jsonResponse } from "../../json/json-response.ts";
import { isJsonObject, parseJsonObject, refuseCompressedBody } from "../../json/parse-json.ts";
import type { DocumentRoute } from "../../protocol.ts";
import type { HttpRequest } from "../../spec/http.ts";
import { readText, refuseFieldsBut, wrong } from "../fields.ts";
import { readExpiry } from "../files/file-request.ts";
import { listResponse, readListQuestion } from "../list-question.ts";
import { ownDocuments } from "../own-documents.ts";
import { readMetadata } from "../responses/request-fields.ts";

const route = ownDocuments(({ batches }) => batches, "takes no batches");

export const BATCH_ROUTES: readonly DocumentRoute[] = [
  route("POST", "/v1/batches", async ({ desk, caller, request }) =>
    jsonResponse(batchObject(await desk.take(caller, readOrder(request)))),
  ),
  route("GET", "/v1/batches", async ({ desk, caller, query }) => {
    const asked = readListQuestion(query);
    const batches = await desk.latest(caller.tenant, asked.limit + 1, asked.after);
    return listResponse(batches.map(batchObject), asked);
  }),
  route("GET", "/v1/batches/{id}", async ({ desk, caller }, id) =>
    jsonResponse(batchObject(await desk.find(caller.tenant, id))),
  ),
  route("POST", "/v1/batches/{id}/cancel", async ({ desk, caller }, id) =>
    jsonResponse(batchObject(await desk.cancel(caller.tenant, id))),
  ),
];

const FIELDS = new Set(["input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"]);

function readOrder(request: HttpRequest): BatchOrder {
  refuseCompressedBody(request);
  const body = parseJsonObject(request.body);
  refuseFieldsBut(FIELDS, body);
  for (const field of ["input_file_id", "endpoint", "completion_window"]) {
    if (body[field] === undefined) throw new FarthingError("missing_field", `${field} is absent.`, { field });
  }
  const { endpoint, completion_window: window } = body;
  if (!isEndpoint(endpoint)) throw wrong("endpoint", endpoint, `one of ${BATCH_ENDPOINTS.join(", ")}`);
  if (window !== "24h") throw wrong("completion_window", window, '"24h"');
  return {
    endpoint,
    inputFile: readText(body.input_file_id, "input_file_id"),
    outputKeptMillis: readExpiry(body.output_expires_after, "output_expires_after"),
    metadata: isJsonObject(body.metadata) ? (readMetadata(body) as Readonly<Record<string, string>>) : undefined,
  };
}

const isEndpoint = (value: unknown): value is BatchEndpoint => (BATCH_ENDPOINTS as readonly unknown[]).includes(value);

/** States with a time of their own in the object. */
const TIMED: readonly BatchStatus[] = [
  "in_progress",
  "finalizing",
  "completed",
  "failed",
  "expired",
  "cancelling",
  "cancelled",
];

/** Absent, where OpenAI's description does not allow null. `x_farthing.price_usd`: of the lines that are answered. */
function batchObject(batch: Batch): { readonly id: string } {
  const { usage, problems } = batch;
  const times = TIMED.flatMap((status) => {
    const at = batch.times[status];
    return at === undefined ? [] : [[`${status}_at`, Math.floor(at / 1000)] as const];
  });
  const object = {
    id: batch.id,
    object: "batch",
    endpoint: batch.endpoint,
    input_file_id: batch.inputFile,
    completion_window: "24h",
    status: batch.status,
    ...(batch.outputFile !== undefined && { output_file_id: batch.outputFile }),
    ...(batch.errorFile !== undefined && { error_file_id: batch.errorFile }),
    ...(problems && {
      errors: {
        object: "list",
        data: problems.map((problem) => ({ ...problem, line: problem.line ?? null, param: null })),
      },
    }),
    created_at: Math.floor(batch.createdAtMillis / 1000),
    expires_at: Math.floor(batch.expiresAtMillis / 1000),
    ...Object.fromEntries(times),
    request_counts: { total: batch.lines, completed: batch.completed, failed: batch.failed },
    usage: {
      input_tokens: usage.inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: usage.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.inputTokens + usage.outputTokens,
    },
    metadata: batch.metadata ?? null,
    x_farthing: { price_usd: formatUsd(batch.priceUsd) },
  };
  return object;
}
