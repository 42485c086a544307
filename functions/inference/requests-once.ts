/** Requests with an Idempotency-Key: their records, their answers, and the streams under way. */
import { randomBytes } from "node:crypto";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import type { Transport } from "../../adapters/aws/transport.ts";
import { onceStoreOn } from "../../adapters/dynamodb/idempotency-table.ts";
import type { Table } from "../../adapters/dynamodb/table.ts";
import { answerObjectsOn } from "../../adapters/s3/answer-objects.ts";
import type { FrameLog } from "../../core/caching/frame-log.ts";
import { createOnce } from "../../core/idempotency/once.ts";
import type { Once, OnceDependencies } from "../../core/idempotency/once-call.ts";
import type { ServingEnvironment } from "./environment.ts";

export interface OnceParts extends Pick<OnceDependencies, "clock" | "behind" | "emitUsage" | "onFailed"> {
  readonly environment: Pick<ServingEnvironment, "answerBucket" | "heartbeatMillis">;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly table: Pick<Table, "get" | "put">;
  readonly transport: Transport;
  readonly frames: FrameLog | undefined;
}

export function onceOfDeployment({ environment, variables, table, transport, ...parts }: OnceParts): Once {
  const { answerBucket, heartbeatMillis } = environment;
  return createOnce({
    ...parts,
    store: onceStoreOn(table),
    objects:
      answerBucket === undefined
        ? undefined
        : answerObjectsOn(clientFromEnvironment("s3", variables, transport), answerBucket),
    heartbeatMillis,
    newToken: () => randomBytes(15).toString("base64url"),
  });
}
