/** Everything that answers for a model in this deployment: this process, other functions, GPU endpoints, upstreams. */
import { hash, randomUUID } from "node:crypto";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import type { Transport } from "../../adapters/http/transport.ts";
import { createRemoteFunctionTarget } from "../../adapters/lambda/remote-function-target.ts";
import { createEndpointTarget, type EndpointAddress } from "../../adapters/sagemaker/endpoint-target.ts";
import { inferenceComponentsOn } from "../../adapters/sagemaker/inference-components.ts";
import { runtimeClientFrom } from "../../adapters/sagemaker/runtime-client.ts";
import { upstreamSecretsOn } from "../../adapters/secrets-manager/upstream-secrets.ts";
import { createHttpTarget, HTTP_TARGET_LIMITS } from "../../adapters/upstream/http-target.ts";
import { trustingTransport } from "../../adapters/upstream/trusting-transport.ts";
import { FarthingError } from "../../core/errors.ts";
import { boundedTarget } from "../../core/routing/bounded-target.ts";
import type { Targets } from "../../core/serving/choose-target.ts";
import type { Clock } from "../../core/serving/clock.ts";
import { functionTarget, type LocalModels } from "../../core/serving/local-models.ts";
import type { Target } from "../../core/serving/target.ts";
import type { ServingEnvironment, UpstreamRoute } from "./environment.ts";
import { traceIdOfRequest } from "./trace-id.ts";
import { endpointOfComponent } from "./wake.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface TargetParts {
  readonly environment: ServingEnvironment;
  readonly variables: Variables;
  readonly models: LocalModels | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
}

/** A readiness question may meet a cold start that downloads its model. */
const READY_WITHIN_MILLIS = 25_000;
/** A stream each; more of them wait for a connection. */
const MAX_UPSTREAM_CONNECTIONS = 4_096;

export function targetsOfDeployment(parts: TargetParts): Targets {
  const { modelGroup, remoteGroups, endpoints, upstreams, environment } = parts.environment;
  const onPremises = environment === "onprem";
  const groups = new Set(Object.keys(remoteGroups));
  const standIns = new Map(Object.entries(endpoints).map(([model, { fallback }]) => [model, fallback]));
  return {
    ...(modelGroup &&
      parts.models && { local: { group: modelGroup, target: functionTarget(parts.models, onPremises) } }),
    ...(groups.size > 0 && { remote: { groups, target: remoteTarget(parts, onPremises) } }),
    ...(standIns.size > 0 && { endpoints: { standIns, target: endpointTarget(parts) } }),
    ...(upstreams.length > 0 && { upstreams: upstreamTargets(parts, upstreams) }),
  };
}

function remoteTarget({ environment, variables, transport, clock }: TargetParts, onPremises: boolean): Target {
  return createRemoteFunctionTarget({
    client: clientFromEnvironment("lambda", variables, transport),
    functions: environment.remoteGroups,
    onPremises,
    clock,
    // Lambda renews it with every invocation.
    traceId: environment.manyRequests === undefined ? () => variables._X_AMZN_TRACE_ID : traceIdOfRequest,
    readyWithinMillis: READY_WITHIN_MILLIS,
    newRequestId: randomUUID,
  });
}

function endpointTarget({ environment, variables, transport, clock }: TargetParts): Target {
  const components = inferenceComponentsOn(clientFromEnvironment("sagemaker", variables, transport), {
    endpointOf: endpointOfComponent(environment),
    epochMillis: clock.epochMillis,
  });
  return createEndpointTarget({
    addressOf(model): EndpointAddress | undefined {
      const route = environment.endpoints[model];
      return route && { endpoint: route.endpoint, component: route.component, servedName: model };
    },
    client: runtimeClientFrom(variables),
    async checkCopies({ component }) {
      const { copies } = await components.describe(component);
      if (copies > 0) return;
      throw new FarthingError("model_not_ready", "The model sleeps: no copy of it is in service.", {
        retryAfterSeconds: 60,
      });
    },
    cacheSaltOf,
    clock,
  });
}

function upstreamTargets(parts: TargetParts, routes: readonly UpstreamRoute[]): NonNullable<Targets["upstreams"]> {
  const { environment, variables, transport, clock } = parts;
  const secrets = upstreamSecretsOn(clientFromEnvironment("secretsmanager", variables, transport), clock.epochMillis);
  return routes.map(({ models, maxConcurrent, secret, ...route }) => {
    const secretPart = <Part extends "apiKey" | "caPem">(part: Part) => {
      if (secret === undefined) return undefined;
      const found = secrets.get(secret);
      return found instanceof Promise ? found.then((known) => known[part]) : found[part];
    };
    const target = createHttpTarget({
      ...route,
      modelNameOf: ({ name }) => models[name] ?? name,
      apiKey: () => secretPart("apiKey"),
      ...(secret !== undefined && { keyRefused: () => secrets.refused(secret) }),
      cacheSaltOf,
      transport: trustingTransport({
        caPem: () => secretPart("caPem"),
        maxConnections: maxConcurrent ?? MAX_UPSTREAM_CONNECTIONS,
      }),
      clock,
      limits: HTTP_TARGET_LIMITS,
    });
    // Threads do not see each other's requests: each gets its share.
    const share = maxConcurrent && Math.max(1, Math.floor(maxConcurrent / (environment.manyRequests?.workers ?? 1)));
    return { models: new Set(Object.keys(models)), target: share ? boundedTarget(target, share) : target };
  });
}

/** Tells nobody the tenant's name, and is the same in every process. */
const cacheSaltOf = (tenant: string): string => hash("sha256", `farthing cache salt ${tenant}`, "hex").slice(0, 32);
