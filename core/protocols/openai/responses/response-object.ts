/** The response itself, with the request's settings as they were understood: https://platform.openai.com/docs/api-reference/responses/object */
import type { FarthingError } from "../../../errors.ts";
import { formatUsd } from "../../../pricing/request-price.ts";
import type { JsonObject } from "../../json/parse-json.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { FinishReason, GenerationInference, ToolUse } from "../../spec/generation.ts";
import type { InferenceUsage } from "../../spec/inference.ts";
import { readEffort, readMetadata } from "./request-fields.ts";

/** Where the response stands. */
export type Outcome =
  | { readonly status: "in_progress" }
  | { readonly status: "completed"; readonly usage: InferenceUsage }
  | { readonly status: "incomplete"; readonly reason: FinishReason; readonly usage: InferenceUsage }
  | { readonly status: "failed"; readonly error: FarthingError };

/** `finish`: how the only choice ended. */
export const outcomeOf = (finish: FinishReason, usage: InferenceUsage): Outcome =>
  finish === "length" || finish === "content-filter"
    ? { status: "incomplete", reason: finish, usage }
    : { status: "completed", usage };

export interface ResponseForm {
  readonly body: JsonObject;
  readonly request: GenerationInference;
}

/** Everything but what is made meanwhile; the part that a stream's events repeat. */
export function responseHead({ body, request }: ResponseForm, { requestId, createdAtSeconds, model }: AnsweredBy) {
  const { sampling, maxTokens, topLogprobs, engine } = request;
  return {
    id: `resp_${requestId}`,
    object: "response",
    created_at: createdAtSeconds,
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: maxTokens ?? null,
    max_tool_calls: null,
    model: model.name,
    parallel_tool_calls: engine?.tools?.parallel ?? true,
    previous_response_id: null,
    reasoning: { effort: readEffort(body) ?? null, summary: null },
    service_tier: "default",
    // Whatever was asked for: nothing is.
    store: false,
    temperature: sampling.temperature,
    text: { format: formatObject(engine?.outputFormat) },
    tool_choice: choiceObject(engine?.tools?.choice ?? "auto"),
    tools: (engine?.tools?.tools ?? []).map(({ name, description, parameters, strict }) => ({
      type: "function",
      name,
      description: description ?? null,
      parameters: parameters ?? null,
      strict: strict ?? false,
    })),
    top_logprobs: topLogprobs ?? 0,
    top_p: sampling.topP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    truncation: "disabled",
    metadata: readMetadata(body),
  };
}

/** `output`: the items that are complete. */
export const responseObject = (
  head: ReturnType<typeof responseHead>,
  outcome: Outcome,
  output: readonly object[],
  answer: AnsweredBy,
) => ({
  ...head,
  status: outcome.status,
  completed_at: outcome.status === "completed" ? answer.createdAtSeconds : null,
  error: outcome.status === "failed" ? { code: failureCode(outcome.error), message: outcome.error.message } : null,
  incomplete_details:
    outcome.status === "incomplete"
      ? { reason: outcome.reason === "length" ? "max_output_tokens" : "content_filter" }
      : null,
  output,
  ...("usage" in outcome && {
    usage: usageObject(outcome.usage),
    // Of a stream, headers are gone when the price is known.
    x_farthing: { price_usd: formatUsd(answer.priceUsd(outcome.usage)) },
  }),
});

/** A closed list in OpenAI's description; the exact code is in the stream's event `error`. */
const failureCode = ({ status }: FarthingError): string => (status === 429 ? "rate_limit_exceeded" : "server_error");

/** `estimated` is ours: the engine gave no counts. */
const usageObject = ({ inputTokens, cachedInputTokens, outputTokens, reasoningTokens, estimated }: InferenceUsage) => ({
  input_tokens: inputTokens,
  input_tokens_details: { cached_tokens: cachedInputTokens ?? 0, cache_write_tokens: 0 },
  output_tokens: outputTokens,
  output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
  total_tokens: inputTokens + outputTokens,
  ...(estimated && { estimated }),
});

function formatObject(format: NonNullable<GenerationInference["engine"]>["outputFormat"]): object {
  switch (format?.type) {
    case undefined:
      return { type: "text" };
    case "json-object":
      return { type: "json_object" };
    case "json-schema": {
      const { name, description, schema, strict } = format;
      return { type: "json_schema", name, schema, strict: strict ?? false, ...(description && { description }) };
    }
  }
}

const choiceObject = (choice: ToolUse["choice"]) =>
  typeof choice === "string" ? choice : { type: "function", name: choice.name };
