/** What is needed to speak with an upstream: its key, and whom to trust. One secret each, JSON. */

export interface UpstreamSecret {
  /** Sent as `authorization: Bearer`. Absent: the server takes no key. */
  readonly apiKey?: string;
  /** Certificates of authorities, PEM, that the server's own certificate is checked by. Absent: those that Node trusts. */
  readonly caPem?: string;
}

export const upstreamSecretName = (environment: string, upstream: string): string =>
  `farthing/${environment}/upstreams/${upstream}`;

const MEMBERS: ReadonlySet<string> = new Set(["apiKey", "caPem"] satisfies (keyof UpstreamSecret)[]);

/** Throws an Error that holds nothing of the text: JSON.parse would quote it, and errors are logged. */
export function parseUpstreamSecret(text: string, name: string): UpstreamSecret {
  const value = parsed(text);
  const isSecret =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(([key, member]) => MEMBERS.has(key) && typeof member === "string" && member !== "");
  if (isSecret) return value;
  throw new Error(`the secret ${name} is not of the form {"apiKey": "…", "caPem": "…"}, each of them optional`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
