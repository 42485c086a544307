/** Servers that speak OpenAI's API, as farthing.config.ts describes them: on premises, on other hardware, at another provider. */
import { isIP } from "node:net";
import * as z from "zod";
import { MODEL_NAME_PATTERN } from "../core/models/card-fields.ts";

/** Defaults of an upstream. */
export const UPSTREAM = {
  dialect: "openai",
  onPremises: false,
  hasCopies: false,
  secret: false,
  healthPath: "/models",
} as const;

export const upstreamSchema = z.strictObject({
  /** What cards of its models call it: `placement: { kind: "http", group: "<name>" }`. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "lower-case letters, digits and '-', at most 31, a letter first"),
  /**
   * Base of its API, with `/v1` where it has that: `https://rack.example.com/v1`. `http:` only to private and loopback addresses,
   * written as numbers (or `localhost`): whom a name leads to can change.
   */
  url: z.string().check((context) => {
    const message = urlProblem(context.value);
    if (message !== undefined) context.issues.push({ code: "custom", input: context.value, message });
  }),
  /** `vllm`: also takes vLLM's own parameters, and counts tokens as they come. Default `openai`: for every other server. */
  dialect: z.enum(["vllm", "openai"]).default(UPSTREAM.dialect),
  /** Our name of a model → what the server calls it. */
  models: z
    .record(z.string().regex(MODEL_NAME_PATTERN, "a model's name"), z.string().min(1).max(256))
    .refine((models) => Object.keys(models).length > 0, "at least one model"),
  /** Asked first, and the only kind that data of the class `restricted` goes to. Default false. */
  onPremises: z.boolean().default(UPSTREAM.onPremises),
  /** Several servers answer behind the address: a failed request may do better there at once. Default false. */
  hasCopies: z.boolean().default(UPSTREAM.hasCopies),
  /**
   * It needs a key, or has a certificate of an authority of its own: both lie in a secret of Secrets Manager, which
   * `farthing upstream secret <name>` fills. Default false.
   */
  secret: z.boolean().default(UPSTREAM.secret),
  /**
   * Requests that one execution environment has there at once, 1 to 100000; further ones go to the next target of the model, or are
   * refused as `overloaded`. For environments that hold many requests (`onprem`, managed instances); elsewhere the server's own
   * 429 says it. Default: no limit.
   */
  maxConcurrent: z.int().min(1).max(100_000).optional(),
  /** Asked with GET whether it is well, below `url`; 200 means yes. Default `/models`. */
  healthPath: z
    .string()
    .regex(/^\/[\w./-]*$/, "a path")
    .default(UPSTREAM.healthPath),
});

export type UpstreamOptions = z.infer<typeof upstreamSchema>;

function urlProblem(value: string): string | undefined {
  const url = URL.parse(value);
  if (url === null) return "a URL, such as https://rack.example.com/v1";
  if (url.search !== "" || url.hash !== "") return "a URL without query and fragment";
  if (url.username !== "" || url.password !== "") return "a URL without a password: the key belongs in the secret";
  if (url.protocol === "https:") return undefined;
  if (url.protocol !== "http:") return `https:, not ${url.protocol}`;
  return isPrivateHost(url.hostname)
    ? undefined
    : `http: only to private and loopback addresses; ${url.hostname} needs https:`;
}

/** https://www.rfc-editor.org/rfc/rfc1918#section-3, https://www.rfc-editor.org/rfc/rfc4193#section-3 */
const PRIVATE = [/^10\./, /^192\.168\./, /^172\.(1[6-9]|2\d|3[01])\./, /^f[cd][0-9a-f]{2}:/];
const LOOPBACK = [/^127\./, /^::1$/];

const isOneOf = (patterns: readonly RegExp[], address: string) => patterns.some((pattern) => pattern.test(address));
/** `[::1]` is how URLs write it. */
const addressOf = (hostname: string) => hostname.replace(/^\[(.*)\]$/, "$1");

export function isPrivateHost(hostname: string): boolean {
  const address = addressOf(hostname);
  return isLoopbackHost(hostname) || (isIP(address) !== 0 && isOneOf(PRIVATE, address));
}

export function isLoopbackHost(hostname: string): boolean {
  const address = addressOf(hostname);
  return hostname === "localhost" || (isIP(address) !== 0 && isOneOf(LOOPBACK, address));
}
