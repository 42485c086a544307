/** Chooses the parts that a deployment is made of; nothing else happens here. */
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import { createTransport } from "../../adapters/aws/transport.ts";
import { apiKeyReaderOn } from "../../adapters/dynamodb/api-key-table.ts";
import { registryReaderOn } from "../../adapters/dynamodb/registry-table.ts";
import { signedTable } from "../../adapters/dynamodb/signed-table.ts";
import { createRemoteFunctionTarget } from "../../adapters/lambda/remote-function-target.ts";
import { createLocalModels } from "../../adapters/onnx/local-models.ts";
import { startOnnxRuntime } from "../../adapters/onnx/start-runtime.ts";
import { artifactReaderOn } from "../../adapters/s3/artifacts.ts";
import { signedBucket } from "../../adapters/s3/signed-bucket.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { PROTOCOLS } from "../../core/protocols/protocols.ts";
import { type AnswerForwarded, createAnswerForwarded } from "../../core/serving/answer-forwarded.ts";
import { createApi } from "../../core/serving/api.ts";
import type { Api } from "../../core/serving/api-dependencies.ts";
import type { Targets } from "../../core/serving/choose-target.ts";
import { functionTarget, type LocalModels } from "../../core/serving/local-models.ts";
import { createRegistryView } from "../../core/serving/registry-view.ts";
import { createAuthenticator } from "../../core/tenants/authenticator.ts";
import type { ServingEnvironment } from "./environment.ts";
import { writeLine } from "./log-output.ts";
import { preloadModels } from "./preload.ts";
import { createServiceLog } from "./service-log.ts";
import { traceIdOfRequest } from "./trace-id.ts";
import { createUsageLog } from "./usage-log.ts";

export interface Serving {
  readonly api: Api;
  /** Present where models are held. */
  readonly answerForwarded?: AnswerForwarded;
  /** Resolves when the models that the deployment names are loaded, or are known not to load. */
  preload(): Promise<void>;
  /** Resolves when what was logged is written; undefined when nothing is on its way. */
  settled(): Promise<void> | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** A readiness question may meet a cold start that downloads its model. */
const READY_WITHIN_MILLIS = 25_000;

export function compose(environment: ServingEnvironment, variables: Variables): Serving {
  const clock = systemClock;
  const transport = createTransport();
  const dynamodb = clientFromEnvironment("dynamodb", variables, transport);
  const serviceLog = createServiceLog(environment.deployment);
  const registry = createRegistryView(
    registryReaderOn(signedTable(dynamodb, environment.registryTable)),
    clock.epochMillis,
  );
  const models = localModels();

  function localModels(): LocalModels | undefined {
    if (environment.modelGroup === undefined) return undefined;
    const s3 = clientFromEnvironment("s3", variables, transport);
    return createLocalModels({
      store: artifactReaderOn(signedBucket(s3, environment.modelBucket)),
      temporaryDirectory: tmpdir(),
      // Each thread has models of its own, and one processor.
      memoryMegabytes: environment.memoryMegabytes / (environment.manyRequests?.workers ?? 1),
      manyRequests: environment.manyRequests !== undefined,
      clock,
      onLoaded: serviceLog.modelLoaded,
    });
  }

  function targets(): Targets {
    const { modelGroup, remoteGroups } = environment;
    const groups = new Set(Object.keys(remoteGroups));
    return {
      ...(modelGroup && models && { local: { group: modelGroup, target: functionTarget(models) } }),
      ...(groups.size > 0 && { remote: { groups, target: remoteTarget() } }),
    };
  }

  const remoteTarget = () =>
    createRemoteFunctionTarget({
      client: clientFromEnvironment("lambda", variables, transport),
      functions: environment.remoteGroups,
      clock,
      // Lambda renews it with every invocation.
      traceId: environment.manyRequests === undefined ? () => variables._X_AMZN_TRACE_ID : traceIdOfRequest,
      readyWithinMillis: READY_WITHIN_MILLIS,
      newRequestId: randomUUID,
    });

  return {
    api: createApi({
      protocols: PROTOCOLS,
      authenticator: createAuthenticator(
        apiKeyReaderOn(signedTable(dynamodb, environment.tenantsTable)),
        clock.epochMillis,
      ),
      registry,
      targets: targets(),
      clock,
      deployment: environment.deployment,
      emitUsage: createUsageLog(writeLine),
      reportFault: serviceLog.fault,
    }),
    settled: serviceLog.settled,
    ...(models && { answerForwarded: createAnswerForwarded({ models, clock, reportFault: serviceLog.fault }) }),
    async preload() {
      if (models === undefined) return;
      const options = { registry, models, onFailed: serviceLog.preloadFailed };
      // A runtime that does not start says so to the first request that needs it.
      await Promise.all([preloadModels(environment.preload, options), startOnnxRuntime().catch(() => {})]);
    },
  };
}
