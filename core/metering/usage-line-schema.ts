/** For readers of usage lines (reconciler, CLI, tests): the path of a request never imports this file. */
import * as z from "zod";
import { USAGE_LINE_VERSION, type UsageLine } from "./usage-line.ts";

const count = z.int().min(0);
const millis = z.number().min(0);

/** Loose: newer writers add fields, and the logger that carries the line adds its own. */
export const usageLineSchema = z
  .looseObject({
    usage: z.literal(USAGE_LINE_VERSION),
    requestId: z.string().min(1),
    at: z.iso.datetime(),
    tenant: z.string(),
    key: z.string().max(16, "a prefix, never a whole key"),
    route: z.string().min(1),
    model: z.string(),
    version: z.string().regex(/^([0-9a-f]{64})?$/, "a full digest, or empty"),
    target: z.enum(["function", "remote-function", "endpoint", "http", "none"]),
    answeredBy: z.string().min(1).optional(),
    attempts: z.string().min(1).optional(),
    deployment: z.string().min(1),
    status: z.int().min(100).max(599),
    error: z.string().min(1).optional(),
    delivered: z.literal(true).optional(),
    inputTokens: count,
    cachedInputTokens: count.optional(),
    outputTokens: count,
    requestBytes: count,
    responseBytes: count,
    inferenceMillis: millis,
    durationMillis: millis,
    coldStart: z.boolean(),
    initMillis: millis.optional(),
    priceUsd: z.number().min(0),
    cache: z.enum(["hit", "miss", "coalesced", "bypass"]).optional(),
    replay: z.literal(true).optional(),
    lease: z.string().min(1).max(128).optional(),
    keyLease: z.string().min(1).max(128).optional(),
    process: z.string().min(1).max(64).optional(),
    sequence: z.int().min(1).optional(),
  })
  .refine((line) => line.error === undefined || line.delivered === true || line.priceUsd === 0, {
    path: ["priceUsd"],
    error: "a request that failed before anything was delivered costs nothing",
  });

export type ReadUsageLine =
  | { readonly type: "usage"; readonly line: UsageLine }
  /** Some other log line. */
  | { readonly type: "other" }
  /** Meant as a usage line, and not to be counted in silence: a newer version, or damaged. */
  | { readonly type: "invalid"; readonly problems: readonly string[] };

/** One line of a log, as text. */
export function readUsageLine(text: string): ReadUsageLine {
  if (!text.includes('"usage"')) return { type: "other" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.includes('"farthing.usage/')
      ? { type: "invalid", problems: ["not JSON: the line is cut or mixed with another"] }
      : { type: "other" };
  }
  if (!isUsageLike(value)) return { type: "other" };
  const result = usageLineSchema.safeParse(value);
  if (result.success) return { type: "usage", line: result.data as UsageLine };
  return { type: "invalid", problems: result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) };
}

const isUsageLike = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "usage" in value &&
  typeof value.usage === "string" &&
  value.usage.startsWith("farthing.usage/");
