/** A job as its caller sees it. An answer stands in it as its protocol would have sent it: JSON as it is, other bodies as text. */
import { formatUsd } from "../pricing/request-price.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import { isFinal, type Job, jobExpiry } from "./job.ts";

const seconds = (millis: number | undefined): number | null =>
  millis === undefined ? null : Math.floor(millis / 1000);

export function jobObject(job: Job) {
  const { usage } = job;
  return {
    id: job.id,
    object: "job",
    status: job.status,
    model: job.model,
    endpoint: job.request.path,
    created_at: seconds(job.createdAtMillis),
    started_at: seconds(job.startedAtMillis),
    finished_at: seconds(job.finishedAtMillis),
    deadline_at: seconds(job.deadlineMillis),
    expires_at: seconds(jobExpiry(job)),
    error: job.error ?? null,
    usage: usage
      ? {
          input_tokens: usage.inputTokens,
          output_tokens: usage.outputTokens,
          total_tokens: usage.inputTokens + usage.outputTokens,
        }
      : null,
    webhook: job.webhook
      ? { url: job.webhook.url, state: job.webhook.state.replace("-", "_"), attempts: job.webhook.attempts }
      : null,
    price_usd: job.priceUsd === undefined ? null : formatUsd(job.priceUsd),
  };
}

/** `body`: of its answer. */
export function jobText(job: Job, body?: Uint8Array): string {
  const text = JSON.stringify(jobObject(job));
  const { answer } = job;
  if (answer === undefined || body === undefined) return `${text.slice(0, -1)},"result":null}`;
  // As it was written: reading it would cost integers their last digits.
  const head = JSON.stringify({ status: answer.status, headers: answer.headers });
  return `${text.slice(0, -1)},"result":${head.slice(0, -1)},"body":${bodyText(answer.headers, body)}}}`;
}

function bodyText(headers: Readonly<Record<string, string>>, body: Uint8Array): string {
  const type = headers["content-type"] ?? "";
  const bytes = Buffer.from(body);
  if (type.startsWith("application/json")) return bytes.toString().trim() || "null";
  if (type.startsWith("text/")) return JSON.stringify(bytes.toString());
  return JSON.stringify(bytes.toString("base64"));
}

/** How long to wait before asking again. */
export function pollAfterSeconds(job: Job, nowMillis: number): number | undefined {
  if (isFinal(job)) return undefined;
  return Math.min(60, Math.max(1, Math.ceil((job.notBeforeMillis - nowMillis) / 1000)));
}

export function jobResponse(status: 200 | 202, job: Job, nowMillis: number, body?: Uint8Array): HttpResponse {
  const retryAfter = pollAfterSeconds(job, nowMillis);
  return {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...(status === 202 && { location: `/v1/jobs/${job.id}` }),
    },
    body: jobText(job, body),
  };
}
