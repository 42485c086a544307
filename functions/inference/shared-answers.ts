/** The cache that the processes of all deployments share: Valkey, with the function's own role as the login. */
import { credentialsFromEnvironment } from "../../adapters/aws/credentials.ts";
import { valkeyAnswerStore } from "../../adapters/valkey/answer-store.ts";
import { createValkeyClient } from "../../adapters/valkey/client.ts";
import { connectToken } from "../../adapters/valkey/connect-token.ts";
import type { CachedAnswerOptions } from "../../core/caching/cached-answer.ts";
import { createStoreBreaker } from "../../core/caching/store-breaker.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { ServingEnvironment } from "./environment.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Nothing is opened before there is something to keep. */
export function sharedAnswers(
  { cache }: Pick<ServingEnvironment, "cache">,
  variables: Variables,
  clock: Clock,
): CachedAnswerOptions["shared"] {
  if (cache === undefined) return undefined;
  const { host, port, login } = cache;
  const client = createValkeyClient({
    address: { host, port },
    tls: login && {},
    login:
      login &&
      (() => ({
        user: login.user,
        password: connectToken(
          { ...login, region: variables.AWS_REGION ?? "us-east-1" },
          credentialsFromEnvironment(variables),
          clock.epochMillis(),
        ),
      })),
    eager: false,
    clock,
  });
  return { store: valkeyAnswerStore(client, clock), breaker: createStoreBreaker() };
}
