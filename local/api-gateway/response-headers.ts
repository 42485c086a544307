import { validateHeaderName, validateHeaderValue } from "node:http";

/** What the gateway decides for itself. */
const DROPPED = new Set(["content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "via"]);
/** Names that the gateway keeps for itself; the function's value arrives under `x-amzn-Remapped-…`. */
const REMAPPED = new Set([
  "authorization",
  "connection",
  "content-md5",
  "date",
  "host",
  "server",
  "user-agent",
  "www-authenticate",
]);

/** Header names with their values, in order. */
export type ResponseHeaders = readonly (readonly [name: string, values: readonly string[]])[];

/**
 * The headers that a function's answer asks for, as the client gets them. Throws an Error for a name or value that would
 * break out of the header.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
 */
export function clientHeaders(
  headers: Readonly<Record<string, unknown>> | undefined,
  multiValueHeaders: Readonly<Record<string, unknown>> | undefined,
  isValue: (value: unknown) => boolean,
): ResponseHeaders {
  const merged = new Map<string, { name: string; values: string[] }>();
  const add = (name: string, value: unknown) => {
    if (!isValue(value)) throw new Error(`the header "${name}" is ${JSON.stringify(value)}, not a string`);
    const text = String(value);
    validateHeaderName(name);
    validateHeaderValue(name, text);
    const lower = name.toLowerCase();
    if (DROPPED.has(lower)) return;
    const sent = REMAPPED.has(lower) ? `x-amzn-Remapped-${name}` : name;
    const entry = merged.get(lower) ?? { name: sent, values: [] };
    if (!entry.values.includes(text)) entry.values.push(text);
    merged.set(lower, entry);
  };
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    if (!Array.isArray(values)) throw new Error(`the header "${name}" of multiValueHeaders is not a list`);
    for (const value of values) add(name, value);
  }
  for (const [name, value] of Object.entries(headers ?? {})) add(name, value);
  return [...merged.values()].map(({ name, values }) => [name, values] as const);
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
