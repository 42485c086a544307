/** Files and batches of this deployment: where they are kept, and the work on them. */

import { credentialsFromEnvironment } from "../../adapters/aws/credentials.ts";
import { clientFromEnvironment, endpointOf } from "../../adapters/aws/signed-client.ts";
import { batchStoreOn } from "../../adapters/dynamodb/batch-table.ts";
import { fileStoreOn } from "../../adapters/dynamodb/file-table.ts";
import type { ChangingTable } from "../../adapters/dynamodb/table.ts";
import type { Transport } from "../../adapters/http/transport.ts";
import { fileContentsOn } from "../../adapters/s3/file-contents.ts";
import { type BatchDesk, createBatchDesk } from "../../core/batches/batch-desk.ts";
import { type BatchRunCall, runBatch } from "../../core/batches/run-batch.ts";
import { createFileDesk, type FileDesk } from "../../core/files/file-desk.ts";
import type { JobStore, StartJob } from "../../core/jobs/job-store.ts";
import type { Api } from "../../core/serving/api-dependencies.ts";
import type { Clock } from "../../core/serving/clock.ts";

export interface BatchParts {
  readonly table: ChangingTable;
  readonly bucket: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Shared with jobs: what is to be worked on, and what starts it. */
  readonly open: Pick<JobStore, "putOpen" | "removeOpen">;
  readonly start: StartJob;
  newToken(): string;
  /** Work that goes on behind an answer; it never rejects. */
  behind(work: Promise<unknown>): void;
}

export interface Batches {
  readonly files: FileDesk;
  readonly batches: BatchDesk;
  run(call: BatchRunCall, api: Api): Promise<void>;
}

export function batchesOfDeployment(parts: BatchParts): Batches {
  const { table, bucket, variables, transport, clock, open, start, newToken, behind } = parts;
  const region = variables.AWS_REGION ?? "us-east-1";
  const contents = fileContentsOn({
    client: clientFromEnvironment("s3", variables, transport),
    bucket,
    region,
    endpoint: endpointOf("s3", region, variables),
    credentials: () => credentialsFromEnvironment(variables),
    nowMillis: clock.epochMillis,
  });
  const fileStore = fileStoreOn(table);
  const store = batchStoreOn(table, clock.epochMillis);
  const files = createFileDesk({ store: fileStore, contents, clock, newToken });
  return {
    files,
    batches: createBatchDesk({ store, files, open, start, clock, newToken, behind }),
    run: (call, api) => runBatch(call, { store, files: fileStore, contents, open, start, api, clock, newToken }),
  };
}
