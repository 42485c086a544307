import { s3Error } from "./errors.ts";
import { positionOf } from "./key-order.ts";

export const MAX_KEYS = 1_000;

export interface ListRequest {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  /** List after this key, or after everything below this common prefix. */
  readonly after: ListPosition | undefined;
}

export interface ListPosition {
  readonly type: "key" | "common-prefix";
  readonly text: string;
}

export interface ListPage {
  readonly entries: readonly ListPosition[];
  /** Where the next page begins; undefined when this is the last. */
  readonly next: ListPosition | undefined;
}

/** One page of keys and common prefixes, in order. Takes time in proportion to the page, however large the bucket. */
export function listPage(sortedKeys: readonly string[], request: ListRequest): ListPage {
  const { prefix, delimiter, maxKeys } = request;
  const entries: ListPosition[] = [];
  let at = startOf(sortedKeys, prefix, request.after);
  while (at < sortedKeys.length) {
    const key = sortedKeys[at] as string;
    if (!key.startsWith(prefix)) break;
    if (entries.length >= maxKeys) return { entries, next: entries.at(-1) };
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (end < 0) {
      entries.push({ type: "key", text: key });
      at++;
    } else {
      const commonPrefix = key.slice(0, end + delimiter.length);
      entries.push({ type: "common-prefix", text: commonPrefix });
      at = endOf(sortedKeys, commonPrefix, at);
    }
  }
  return { entries, next: undefined };
}

function startOf(sortedKeys: readonly string[], prefix: string, after: ListPosition | undefined): number {
  const fromPrefix = positionOf(sortedKeys, prefix, true);
  if (after === undefined) return fromPrefix;
  const fromAfter = positionOf(sortedKeys, after.text, false);
  return Math.max(fromPrefix, after.type === "key" ? fromAfter : endOf(sortedKeys, after.text, fromAfter));
}

/** The first position at or after `from` whose key does not begin with `prefix`: keys with a prefix stand together. */
function endOf(sortedKeys: readonly string[], prefix: string, from: number): number {
  let low = from;
  let high = sortedKeys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sortedKeys[middle] as string).startsWith(prefix)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function encodeToken({ type, text }: ListPosition): string {
  return Buffer.from(JSON.stringify([type, text])).toString("base64url");
}

export function decodeToken(token: string): ListPosition {
  try {
    const [type, text] = JSON.parse(Buffer.from(token, "base64url").toString()) as [unknown, unknown];
    if ((type === "key" || type === "common-prefix") && typeof text === "string") return { type, text };
  } catch {
    // Not one of ours: the same answer as for one that is.
  }
  throw s3Error("InvalidArgument", "The continuation token provided is incorrect");
}

export function readMaxKeys(text: string | null): number {
  if (text === null || text === "") return MAX_KEYS;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2_147_483_647) {
    throw s3Error("InvalidArgument", `Argument max-keys must be an integer between 0 and 2147483647, received ${text}`);
  }
  return Math.min(Number(text), MAX_KEYS);
}
