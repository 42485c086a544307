/**
 * The `X-Amzn-Trace-Id` that a function gets: the caller's, completed, or a new one. Without active tracing an
 * undecided trace is not sampled.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function traceHeader(
  incoming: string | undefined,
  activeTracing: boolean,
  source: { readonly clock: () => number; readonly randomHex: (bytes: number) => string },
): string {
  const fields = new Map<string, string>();
  for (const part of incoming?.split(";") ?? []) {
    const at = part.indexOf("=");
    if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const root = fields.get("Root") ?? `1-${epochHex(source.clock())}-${source.randomHex(12)}`;
  const parent = fields.get("Parent") ?? source.randomHex(8);
  const asked = fields.get("Sampled");
  const sampled = asked === "0" || asked === "1" ? asked : activeTracing ? "1" : "0";
  return `Root=${root};Parent=${parent};Sampled=${sampled}`;
}

const epochHex = (millis: number) =>
  Math.floor(millis / 1000)
    .toString(16)
    .padStart(8, "0");
