/**
 * A password that is a presigned request for `connect`: held to its signature, its time, its user and cache, and to what the
 * role may do. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
 */
import type { IncomingMessage } from "node:http";
import { readCredentialScope, timestampMillis } from "../endpoint/credential-scope.ts";
import { signatureMatches } from "../endpoint/signature.ts";
import type { AccessControl, Credentials } from "../simulator.ts";

export interface TokenFacts {
  readonly access: Pick<AccessControl, "callerOf" | "evaluate"> & {
    credentialsOf(accessKeyId: string): Credentials | undefined;
  };
  readonly clock: () => number;
  /** Name and ARN of the cache. */
  readonly cache: { readonly name: string; readonly arn: string };
  /** ARN of a user who may use the cache and logs in by IAM. */
  userArn(user: string): string | undefined;
}

const MAX_SECONDS = 900;
/** As the other services take it. */
const MAX_SKEW_MILLIS = 5 * 60 * 1000;

/** Of the one who signed the token, whatever it is worth. */
export function accessKeyOf(token: string): string {
  const url = URL.parse(token.slice(Math.max(0, token.indexOf("/"))), "http://cache");
  return url?.searchParams.get("X-Amz-Credential")?.split("/")[0] ?? "";
}

/** Undefined: let in. Otherwise why not, for the platform's log; a client only hears that it is not. */
export function refusalOf(user: string, token: string, facts: TokenFacts): string | undefined {
  const userArn = facts.userArn(user);
  if (userArn === undefined) return `there is no user "${user}" with IAM login in the cache's group`;
  const slash = token.indexOf("/");
  const host = token.slice(0, slash);
  if (slash === -1 || host !== facts.cache.name) return `the token is for "${host}", not for ${facts.cache.name}`;
  const path = token.slice(slash);
  const url = new URL(path, "http://cache");
  const message = {
    method: "GET",
    url: path,
    headers: { host },
    headersDistinct: { host: [host] },
  } as unknown as IncomingMessage;
  const scope = readCredentialScope(message, url);
  if (typeof scope === "string") return `the token's signature is ${scope}`;
  const { searchParams: asked } = url;
  if (asked.get("Action") !== "connect" || asked.get("ResourceType") !== "ServerlessCache") {
    return 'the token is not for Action "connect" and ResourceType "ServerlessCache"';
  }
  if (asked.get("User") !== user) return `the token is for user "${asked.get("User")}", the login for "${user}"`;
  const { expiresInSeconds = Number.POSITIVE_INFINITY, service } = scope;
  const age = facts.clock() - timestampMillis(scope.timestamp);
  if (service !== "elasticache") return `the token is signed for ${service}`;
  if (expiresInSeconds > MAX_SECONDS)
    return `the token holds for ${expiresInSeconds} s; at most ${MAX_SECONDS} are taken`;
  if (age > expiresInSeconds * 1000 || age < -MAX_SKEW_MILLIS) return `the token was made ${age} ms ago`;
  const caller = facts.access.callerOf(scope.accessKeyId);
  const credentials = facts.access.credentialsOf(scope.accessKeyId);
  if (caller === undefined || credentials === undefined) return "the token's access key is unknown";
  if ((scope.sessionToken ?? "") !== credentials.sessionToken) return "the token's session is another one";
  if (!signatureMatches(message, scope, credentials.secretAccessKey, undefined)) return "the signature does not match";
  for (const resourceArn of [facts.cache.arn, userArn]) {
    const verdict = facts.access.evaluate(caller, { action: "elasticache:Connect", resourceArn });
    if (!verdict.allowed) return verdict.message;
  }
  return undefined;
}
