/** Jobs of this deployment: where they are kept, what starts them, and the work on them. */
import { randomBytes } from "node:crypto";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import { jobStoreOn } from "../../adapters/dynamodb/job-table.ts";
import type { ChangingTable, ReadableTable } from "../../adapters/dynamodb/table.ts";
import { webhookTermsOn } from "../../adapters/dynamodb/webhook-table.ts";
import type { Transport } from "../../adapters/http/transport.ts";
import { startJobOn } from "../../adapters/lambda/start-job.ts";
import { sendWebhook, webhookWorldOf } from "../../adapters/webhook/send-webhook.ts";
import { isBatchId } from "../../core/batches/batch.ts";
import { createJobDesk, type JobDesk } from "../../core/jobs/job-desk.ts";
import type { JobEvent } from "../../core/jobs/job-event.ts";
import { runJob } from "../../core/jobs/run-job.ts";
import { sweepJobs } from "../../core/jobs/sweep-jobs.ts";
import type { WebhookMessage } from "../../core/jobs/webhook/signed-message.ts";
import type { Api } from "../../core/serving/api-dependencies.ts";
import type { Clock } from "../../core/serving/clock.ts";
import { type Batches, batchesOfDeployment } from "./batches.ts";
import type { WebhookReceiver } from "./environment.ts";

export interface JobParts {
  readonly table: ChangingTable;
  readonly tenantsTable: ReadableTable;
  /** Where customers' files are kept. Undefined: no batches are taken. */
  readonly fileBucket: string | undefined;
  /** Those inside the network; all others are on the public internet. */
  readonly webhookReceivers: readonly WebhookReceiver[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Work that goes on behind an answer. */
  behind(work: Promise<unknown>): void;
  onFailed(error: unknown): void;
}

export interface JobCall {
  /** Milliseconds since the epoch when this invocation ends. */
  readonly deadlineMillis: number;
  readonly coldStart: boolean;
}

export type AnswerJob = (event: JobEvent, call: JobCall) => Promise<void>;

/** For writing down what became of a job. */
const RESERVE_MILLIS = 3_000;

/** 100 random bits in the letters of ids. */
const newToken = (): string => randomBytes(13).toString("hex").slice(0, 25);

export interface JobsOfDeployment {
  readonly desk: JobDesk;
  readonly batches: Batches | undefined;
  /** `sweepStreams`: what else is done once a minute (requests-once.ts). */
  answerWith(api: Api, sweepStreams?: () => Promise<unknown>): AnswerJob;
}

export function jobsOfDeployment(parts: JobParts): JobsOfDeployment {
  const { variables, transport, clock, behind, onFailed } = parts;
  const store = jobStoreOn(parts.table, clock.epochMillis);
  const start = startJobOn(
    clientFromEnvironment("lambda", variables, transport),
    variables.AWS_LAMBDA_FUNCTION_NAME ?? "",
  );
  const started = (work: Promise<unknown>): void => behind(work.catch(onFailed));
  const batches =
    parts.fileBucket === undefined
      ? undefined
      : batchesOfDeployment({ ...parts, bucket: parts.fileBucket, open: store, start, newToken, behind: started });
  const webhooks = {
    terms: webhookTermsOn(parts.tenantsTable),
    send: (message: WebhookMessage) =>
      sendWebhook(message, webhookWorldOf(new URL(message.url).hostname, parts.webhookReceivers)),
  };
  return {
    desk: createJobDesk({ store, start, webhookTerms: webhooks.terms, clock, newToken, behind: started }),
    batches,
    answerWith: (api, sweepStreams) => async (event, call) => {
      if (event.type === "sweep") {
        const streams = sweepStreams?.().catch(onFailed);
        await sweepJobs(clock.epochMillis(), { store, start }).finally(() => streams);
        return;
      }
      const { tenant, id } = event;
      const run = { tenant, id, coldStart: call.coldStart, deadlineMillis: call.deadlineMillis - RESERVE_MILLIS };
      if (isBatchId(id)) return batches?.run(run, api);
      await runJob(run, { store, api, clock, newToken, webhooks });
    },
  };
}
