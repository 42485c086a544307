/**
 * Keys of upstreams, as Secrets Manager keeps them. Read when an upstream is first asked, and again behind the requests: a changed
 * key is known after minutes, and while the service does not answer the last one goes on for a day.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */

import { createRefreshingCache } from "../../core/caching/refreshing-cache.ts";
import { FarthingError } from "../../core/errors.ts";
import { parseUpstreamSecret, type UpstreamSecret } from "../../core/serving/upstream-secret.ts";
import { AwsServiceError, type SignedClient } from "../aws/signed-client.ts";
import { readBody } from "../http/transport.ts";

export interface UpstreamSecrets {
  /** Without a promise while it is known. Throws `dependency_unavailable` when it cannot be read, or was never filled. */
  get(name: string): UpstreamSecret | Promise<UpstreamSecret>;
  /** The server did not take what `get` gave: read again, if that was not just now. */
  refused(name: string): void;
}

const SILENCE_TIMEOUT_MILLIS = 3_000;
/** Calls cost 0.05 USD for 10,000. https://aws.amazon.com/secrets-manager/pricing/ */
const LIMITS = {
  refreshBehindAfterMillis: 2 * 60_000,
  refreshBeforeAfterMillis: 60 * 60_000,
  lastKnownForMillis: 24 * 60 * 60_000,
  absentForMillis: 5_000,
  capacity: 1_000,
} as const;
const REFUSED_HOLDS_MILLIS = 10_000;

export function upstreamSecretsOn(client: SignedClient, clock: () => number): UpstreamSecrets {
  async function read(name: string): Promise<UpstreamSecret | undefined> {
    try {
      const response = await client.send({
        method: "POST",
        path: "/",
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue" },
        body: JSON.stringify({ SecretId: name }),
        silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
        retry: "always",
      });
      return parseUpstreamSecret(secretString((await readBody(response)).toString()), name);
    } catch (error) {
      // Created by the stack, and never filled.
      if (error instanceof AwsServiceError && error.code === "ResourceNotFoundException") return undefined;
      throw unavailable(error);
    }
  }

  const cache = createRefreshingCache({ ...LIMITS, clock, read });

  return {
    get(name) {
      const found = cache.get(name);
      if (found instanceof Promise) return found.then((secret) => secret ?? missing(name));
      return found ?? missing(name);
    },
    refused(name) {
      cache.getNewerThan(name, REFUSED_HOLDS_MILLIS).catch(() => {});
    },
  };
}

/** Without the words of JSON.parse, which quotes what it read. */
function secretString(body: string): string {
  try {
    return (JSON.parse(body) as { readonly SecretString?: string }).SecretString ?? "";
  } catch {
    return "";
  }
}

function missing(name: string): never {
  throw unavailable(new Error(`the secret ${name} has no value: farthing upstream secret ${name.split("/").at(-1)}`));
}

const unavailable = (cause: unknown): FarthingError =>
  new FarthingError("dependency_unavailable", "The key of the engine behind this model cannot be read at the moment.", {
    retryAfterSeconds: 5,
    cause,
  });
