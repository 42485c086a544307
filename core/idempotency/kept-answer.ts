/** A response as it is kept for repeats, and as it is given to one. */
import type { HttpResponse } from "../protocols/spec/http.ts";
import type { AnswerObjects, KeptAt } from "./once-record.ts";
import { packed, unpacked } from "./packed.ts";

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the request that did the work. */
  readonly requestId: string;
}

export interface KeptAnswer {
  readonly head: Head;
  readonly body: Uint8Array;
}

export const REPLAY_HEADER = "x-farthing-idempotent-replay";

/** A write unit holds 1 kB, an object costs as much as eight of them to write. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
const INLINE_BYTES = 8 * 1024;
/** Held in memory until it is complete. */
export const MAX_KEPT_BYTES = 32 * 2 ** 20;

/** `token`: of whoever ended it. */
export const answerObjectName = (tenant: string, token: string): string => `${answerObjectsOf(tenant)}${token}`;
export const answerObjectsOf = (tenant: string): string => `${tenant}/`;

export const headOf = ({ status, headers }: HttpResponse, requestId: string): Head => ({ status, headers, requestId });

/** Never rejects: what cannot be kept is `lost`. */
export async function keepAnswer(
  { head, body }: KeptAnswer,
  name: string,
  objects: AnswerObjects | undefined,
  onFailed: (error: unknown) => void,
): Promise<KeptAt> {
  const bytes = packed({ ...head }, body);
  if (bytes.length <= INLINE_BYTES) return { type: "inline", bytes };
  if (objects === undefined || bytes.length > MAX_KEPT_BYTES) return { type: "lost" };
  try {
    await objects.put(name, bytes);
    return { type: "object", name };
  } catch (error) {
    onFailed(error);
    return { type: "lost" };
  }
}

/** Undefined: it is lost. Rejects when the store does not answer. */
export async function keptAnswer(kept: KeptAt, objects: AnswerObjects | undefined): Promise<KeptAnswer | undefined> {
  const bytes =
    kept.type === "inline" ? kept.bytes : kept.type === "object" ? await objects?.get(kept.name) : undefined;
  return bytes && readAnswer(bytes);
}

function readAnswer(bytes: Uint8Array): KeptAnswer {
  const { header, data } = unpacked(bytes);
  return { head: header as unknown as Head, body: data };
}

/** Of the request that did the work, not of the one that asks again. */
const OF_THE_FIRST = /^(x-ratelimit-.*|x-request-id|x-farthing-price-usd|retry-after|preference-applied)$/;

/** Headers for a repeat: what the answer is stays; whose it was, and what it cost, does not. */
export function replayHeaders({ status, headers, requestId }: Head, ownRequestId: string): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_FIRST.test(name))),
    "x-request-id": ownRequestId,
    "x-farthing-original-request-id": requestId,
    "x-farthing-price-usd": "0",
    [REPLAY_HEADER]: "true",
    // The same key gets the same error: the OpenAI clients would go on trying.
    ...(status >= 400 && { "x-should-retry": "false" }),
  };
}
