/**
 * Lambda takes 4 KB of environment variables, keys and all, and says so in the middle of a deployment; this says it at synthesis.
 * Counted as the JSON that is sent. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#function-configuration-deployment-and-execution
 */

export const MAX_VARIABLE_BYTES = 4_096;

/** Names that only the deployment knows: of buckets (63 at most), of tables, the address of a cache (about 70). */
const UNKNOWN_NAME_BYTES = 80;

/** What makes a variable long, and what to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  FARTHING_ENDPOINTS:
    "give this environment fewer models on endpoints, or shorter names and fewer stand-ins (fallback)",
  FARTHING_UPSTREAMS: "give it fewer upstreams or shorter names of their models",
  FARTHING_WEBHOOK_RECEIVERS:
    "give receivers certificates that Node trusts anyway, or shorter ones (EC instead of RSA)",
  FARTHING_REMOTE_GROUPS: "put models into fewer groups",
  FARTHING_COSTS: "put models into fewer groups",
  FARTHING_PRELOAD: "preload fewer models",
};

/** `resolved`: variables as the template has them, texts and intrinsic functions. Throws an Error with the sum. */
export function requireRoomFor(resolved: Readonly<Record<string, unknown>>, what: string): void {
  const sizes = Object.entries(resolved)
    .map(([name, value]) => ({ name, bytes: variableBytes(name, value) }))
    .sort((a, b) => b.bytes - a.bytes);
  // Two braces; one comma less than there are variables.
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 1);
  if (total <= MAX_VARIABLE_BYTES) return;
  const large = sizes.filter(({ bytes }) => bytes > UNKNOWN_NAME_BYTES + 60);
  const rest = sizes.slice(large.length).reduce((sum, { bytes }) => sum + bytes, 1);
  const remedies = large.flatMap(({ name }) => REMEDIES[name] ?? []);
  throw new Error(
    [
      `The environment variables of ${what} would take ${total} bytes; Lambda allows ${MAX_VARIABLE_BYTES}:`,
      ...large.map(({ name, bytes }) => `  ${String(bytes).padStart(5)} ${name}`),
      `  ${String(rest).padStart(5)} the other ${sizes.length - large.length}`,
      `Remove ${total - MAX_VARIABLE_BYTES} bytes: ${[...new Set(remedies)].join("; or ")}. Or divide the models between two environments.`,
    ].join("\n"),
  );
}

/** `"name":"value",` */
const variableBytes = (name: string, value: unknown): number => Buffer.byteLength(name) + textBytes(value) + 6;

function textBytes(value: unknown): number {
  // Quotes within it are escaped; its own two are counted with the name's.
  if (typeof value === "string") return Buffer.byteLength(JSON.stringify(value)) - 2;
  if (typeof value !== "object" || value === null) return String(value).length;
  const joined = (value as { readonly "Fn::Join"?: readonly [string, readonly unknown[]] })["Fn::Join"];
  if (joined === undefined) return UNKNOWN_NAME_BYTES;
  const [separator, parts] = joined;
  return parts.reduce<number>((sum, part) => sum + textBytes(part), separator.length * Math.max(0, parts.length - 1));
}
