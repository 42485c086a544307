/** Requests with an Idempotency-Key: their records, their answers, and the streams under way. */
import { randomBytes } from "node:crypto";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import { onceStoreOn } from "../../adapters/dynamodb/idempotency-table.ts";
import { streamsUnderWayOn } from "../../adapters/dynamodb/streams-under-way.ts";
import type { IndexedTable, Table } from "../../adapters/dynamodb/table.ts";
import type { Transport } from "../../adapters/http/transport.ts";
import { answerObjectsOn } from "../../adapters/s3/answer-objects.ts";
import type { FrameLog } from "../../core/caching/frame-log.ts";
import { createOnce } from "../../core/idempotency/once.ts";
import type { Once, OnceDependencies } from "../../core/idempotency/once-call.ts";
import { sweepOnce } from "../../core/idempotency/sweep-once.ts";
import type { ServingEnvironment } from "./environment.ts";

export interface OnceParts extends Pick<OnceDependencies, "clock" | "behind" | "emitUsage" | "onFailed"> {
  readonly environment: Pick<ServingEnvironment, "answerBucket" | "heartbeatMillis">;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly table: Pick<Table, "get" | "put"> & IndexedTable;
  readonly transport: Transport;
  readonly frames: FrameLog | undefined;
}

export interface OnceOfDeployment {
  readonly once: Once;
  /** Ends the streams of processes that died; for the one deployment that is asked to, once a minute. */
  sweep(): Promise<unknown>;
}

export function onceOfDeployment({ environment, variables, table, transport, ...parts }: OnceParts): OnceOfDeployment {
  const { answerBucket, heartbeatMillis } = environment;
  const dependencies: OnceDependencies = {
    ...parts,
    store: onceStoreOn(table),
    objects:
      answerBucket === undefined
        ? undefined
        : answerObjectsOn(clientFromEnvironment("s3", variables, transport), answerBucket),
    heartbeatMillis,
    newToken: () => randomBytes(15).toString("base64url"),
  };
  return {
    once: createOnce(dependencies),
    sweep: () => sweepOnce(streamsUnderWayOn(table), dependencies),
  };
}
