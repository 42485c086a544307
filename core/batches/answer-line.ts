/** One line of a batch, through the same door as any other request, on behalf of the key that asked. */
import { hash } from "node:crypto";
import { ERRORS, type FarthingError } from "../errors.ts";
import { isAsleep } from "../routing/wake/asleep.ts";
import type { Api, JobOutcome } from "../serving/api-dependencies.ts";
import { isStream } from "../serving/counted-body.ts";
import { BATCH_LIMITS, type Batch } from "./batch.ts";
import { type InputLine, readLine } from "./input-lines.ts";

export type LineAnswer =
  | { readonly type: "answered"; readonly text: string; readonly outcome: JobOutcome }
  | { readonly type: "failed"; readonly text: string; readonly outcome: JobOutcome | undefined }
  /** Another try may do better. */
  | { readonly type: "again"; readonly isFailure: boolean; readonly waitMillis: number };

export interface LineCall {
  readonly batch: Batch;
  readonly api: Api;
  readonly deadlineMillis: number;
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MILLIS = 2_000;
const LONGEST_WAIT_MILLIS = 60_000;

export async function answerLine(
  { bytes, line }: Pick<InputLine, "bytes" | "line">,
  failures: number,
  { batch, api, deadlineMillis, signal }: LineCall,
): Promise<LineAnswer> {
  const id = `${batch.id}_${line + 1}`;
  const read = readLine(bytes, batch.endpoint);
  if (read.type === "malformed") {
    return {
      type: "failed",
      text: errorText(id, read.customId ?? null, read.code, `Line ${line + 1}: ${read.message}`),
      outcome: undefined,
    };
  }
  const requestId = lineRequestId(batch.id, line);
  let outcome: JobOutcome | undefined;
  const request = {
    method: "POST",
    path: batch.endpoint,
    query: {},
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify(read.body)),
  };
  const response = await api(request, {
    requestId,
    deadlineMillis,
    signal,
    coldStart: false,
    job: {
      keyHash: batch.keyHash,
      // The bill counts a line once, whichever processes have worked on it: they all give it the same number.
      accounting: { process: batch.id, sequence: line + 1, atMillis: batch.stepAtMillis },
      onOutcome(told) {
        outcome = told;
      },
    },
  });
  const text = await bodyText(response.body);
  const failure = outcome?.failure;
  if (failure !== undefined && (signal.aborted || mayPass(failure, failures))) return again(failure, failures);
  const { status } = response;
  const answer = {
    id,
    custom_id: read.customId,
    response: { status_code: status, request_id: requestId, body: RAW },
    error: null,
  };
  const whole = JSON.stringify(answer).replace(JSON.stringify(RAW), () => text.trim() || "null");
  if (outcome !== undefined && failure === undefined && status < 300) return { type: "answered", text: whole, outcome };
  return { type: "failed", text: whole, outcome };
}

/** Stands for the answer's own JSON, which is not read again: that would cost integers their last digits. */
const RAW = "\u0000body\u0000";

/** A request id that is the line's own, in every process. */
export const lineRequestId = (batch: string, line: number): string =>
  hash("sha256", `${batch}\n${line}`, "hex").slice(0, 32);

/** A line of the error file for what never was a request. */
export const errorText = (id: string, customId: string | null, code: string, message: string): string =>
  JSON.stringify({ id, custom_id: customId, response: null, error: { code, message } });

/** A model that sleeps, or a limit that is reached, is no failure; a day is long enough for both. */
const mayPass = (failure: FarthingError, failures: number): boolean =>
  ERRORS[failure.code].retryable && (!isFailure(failure) || failures < BATCH_LIMITS.mostFailures);

const isFailure = (failure: FarthingError): boolean => !isAsleep(failure) && failure.status !== 429;

function again(failure: FarthingError, failures: number): LineAnswer {
  const asked = (failure.retryAfterSeconds ?? 1) * 1000;
  const counted = isFailure(failure);
  const waitMillis = counted ? Math.max(asked, FIRST_RETRY_MILLIS * 3 ** failures) : asked;
  return { type: "again", isFailure: counted, waitMillis: Math.min(waitMillis, LONGEST_WAIT_MILLIS) };
}

async function bodyText(body: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (typeof body === "string") return body;
  if (!isStream(body)) return Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
