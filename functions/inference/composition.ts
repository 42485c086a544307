/** Chooses the parts that a deployment is made of; nothing else happens here. */
import { randomBytes, randomUUID } from "node:crypto";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import { apiKeyReaderOn } from "../../adapters/dynamodb/api-key-table.ts";
import { accountStoreOn } from "../../adapters/dynamodb/lease-table.ts";
import { registryReaderOn } from "../../adapters/dynamodb/registry-table.ts";
import { signedTable } from "../../adapters/dynamodb/signed-table.ts";
import { tenantReaderOn } from "../../adapters/dynamodb/tenant-table.ts";
import { usageReaderOn } from "../../adapters/dynamodb/usage-table.ts";
import { createTransport } from "../../adapters/http/transport.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { cachedAnswer } from "../../core/caching/cached-answer.ts";
import { createAdmission } from "../../core/metering/admission-by-leases.ts";
import { createMonthToDate } from "../../core/metering/month-to-date.ts";
import { createUsageSequence } from "../../core/metering/usage-sequence.ts";
import { PROTOCOLS } from "../../core/protocols/protocols.ts";
import { candidatesFrom } from "../../core/routing/candidates.ts";
import { routedAnswer } from "../../core/routing/routed-answer.ts";
import { type AnswerForwarded, createAnswerForwarded } from "../../core/serving/answer-forwarded.ts";
import { createApi } from "../../core/serving/api.ts";
import type { Api } from "../../core/serving/api-dependencies.ts";
import { createRegistryView } from "../../core/serving/registry-view.ts";
import { createAuthenticator } from "../../core/tenants/authenticator.ts";
import { createBehindAnswers } from "./behind-answers.ts";
import type { ServingEnvironment } from "./environment.ts";
import type { AnswerJob } from "./jobs.ts";
import { writeLine } from "./log-output.ts";
import { onceOfDeployment } from "./requests-once.ts";
import { createServiceLog } from "./service-log.ts";
import { sharedAnswers } from "./shared-answers.ts";
import { targetsOfDeployment } from "./targets.ts";
import { createUsageLog } from "./usage-log.ts";
import { wakerOfDeployment } from "./wake.ts";

export interface Serving {
  readonly api: Api;
  /** Present where models are held. */
  readonly answerForwarded?: AnswerForwarded;
  /** Present where jobs are taken. */
  readonly answerJob?: AnswerJob;
  /** Resolves when the models that the deployment names are loaded, or are known not to load. */
  preload(): Promise<void>;
  /** Gives back what this process holds of budgets and limits. */
  close(): Promise<void>;
  /** Resolves when what was logged is written; undefined when nothing is on its way. */
  settled(): Promise<void> | undefined;
  /** Resolves when the process may be frozen: the same for everything that it still writes. */
  idle(): Promise<unknown> | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** 72 random bits: no two processes share one. */
const processName = (): string => randomBytes(9).toString("base64url");

/** A sixteenth of the process's memory, and no more than 64 MB: models need the rest. */
const answerMemoryBytes = (memoryMegabytes: number): number => Math.min(64, memoryMegabytes / 16) * 2 ** 20;

export async function compose(environment: ServingEnvironment, variables: Variables): Promise<Serving> {
  const clock = systemClock;
  const transport = createTransport();
  const dynamodb = clientFromEnvironment("dynamodb", variables, transport);
  const serviceLog = createServiceLog({
    deployment: environment.deployment,
    service: variables.POWERTOOLS_SERVICE_NAME ?? environment.deployment,
    write: writeLine,
    now: clock.epochMillis,
  });
  const registry = createRegistryView(
    registryReaderOn(signedTable(dynamodb, environment.registryTable)),
    clock.epochMillis,
  );
  const tenantsTable = signedTable(dynamodb, environment.tenantsTable);
  const usage =
    environment.usageTable === undefined ? undefined : usageReaderOn(signedTable(dynamodb, environment.usageTable));
  // A router that holds no models need not even read the code that runs them.
  const held =
    environment.modelGroup === undefined
      ? undefined
      : (await import("./held-models.ts")).heldModels({ environment, variables, transport, clock, serviceLog });
  const models = held?.models;

  const behind = createBehindAnswers();
  const targets = targetsOfDeployment({ environment, variables, models, transport, clock });
  const jobsTable = environment.jobsTable === undefined ? undefined : signedTable(dynamodb, environment.jobsTable);
  const waker = wakerOfDeployment({
    environment,
    variables,
    table: jobsTable,
    takesJobs: jobsTable !== undefined,
    transport,
    clock,
  });
  const admission = createAdmission({
    store: accountStoreOn(tenantsTable),
    clock,
    newLeaseId: randomUUID,
    random: Math.random,
  });

  const authenticator = createAuthenticator({
    keys: apiKeyReaderOn(tenantsTable),
    tenants: tenantReaderOn(tenantsTable),
    clock: clock.epochMillis,
  });
  const jobs =
    jobsTable &&
    (await import("./jobs.ts")).jobsOfDeployment({
      table: jobsTable,
      tenantsTable,
      fileBucket: environment.fileBucket,
      webhookReceivers: environment.webhookReceivers,
      variables,
      transport,
      clock,
      behind: behind.add,
      onFailed: serviceLog.jobFailed,
    });
  const emitUsage = createUsageLog(writeLine, createUsageSequence({ newName: processName }));
  const shared = sharedAnswers(environment, variables, clock);
  const requests =
    environment.requestsTable === undefined
      ? undefined
      : onceOfDeployment({
          environment,
          variables,
          table: signedTable(dynamodb, environment.requestsTable),
          transport,
          frames: shared?.store.frames,
          clock,
          behind: behind.add,
          emitUsage,
          onFailed: serviceLog.onceFailed,
        });
  const api = createApi({
    protocols: PROTOCOLS,
    authenticator,
    registry,
    targets,
    answer: cachedAnswer(routedAnswer({ candidates: candidatesFrom(targets, registry), waker, clock }), {
      clock,
      memoryBytes: answerMemoryBytes(environment.memoryMegabytes),
      shared,
      newToken: processName,
      behind: behind.add,
    }),
    admission,
    usage,
    ...(jobs && { jobs: { desk: jobs.desk, callerOf: authenticator.holderOf } }),
    files: jobs?.batches?.files,
    batches: jobs?.batches?.batches,
    pricing: {
      ...(environment.costs && { cost: environment.costs }),
      ...(usage && { monthToDate: createMonthToDate(usage, clock.epochMillis) }),
    },
    clock,
    ...(environment.heartbeatMillis !== undefined && { heartbeatMillis: environment.heartbeatMillis }),
    deployment: environment.deployment,
    emitUsage,
    once: requests?.once,
    emitDebug: (line) => writeLine(`${JSON.stringify(line)}\n`),
    reportFault: serviceLog.fault,
  });

  return {
    api,
    ...(jobs && { answerJob: jobs.answerWith(api, requests?.sweep) }),
    settled: serviceLog.settled,
    close: admission.close,
    idle() {
      // A process that holds many requests is not frozen after one of them.
      const kept = environment.manyRequests === undefined ? behind.settled() : undefined;
      const pending = [serviceLog.settled(), admission.settled(), kept, held?.betweenRequests()].filter(
        (work) => work !== undefined,
      );
      return pending.length === 0 ? undefined : Promise.all(pending);
    },
    ...(models && { answerForwarded: createAnswerForwarded({ models, clock, reportFault: serviceLog.fault }) }),
    preload: async () => held?.preload(registry),
  };
}
