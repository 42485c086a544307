/**
 * Requests that run once: `{ pk: "<tenant>#<sha256 of route and key>", phase: "running" | "done" | "interrupted" | "free", holder: <token>,
 * fingerprint, requestId, streams, expiresAt: <epoch milliseconds>, ttl: <seconds>, … }`, with `aliveUntil` and `line` while it runs, then
 * `answer` (bytes) or `object` (name in the bucket) and `endedBy`. While a stream runs, `shard` and `began: <epoch milliseconds>` put it
 * into the index of streams-under-way.ts.
 */

import type { OnceName } from "../../core/idempotency/idempotency-key.ts";
import {
  beganAtMillis,
  type EndedRecord,
  type KeptAt,
  type OnceRecord,
  type OnceStore,
  STREAMS_INDEX,
} from "../../core/idempotency/once-record.ts";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { type Condition, type Item, keyOf, PARTITION_KEY, type Table, textOf } from "./table.ts";

const answered = answeredBy("the record of requests with an Idempotency-Key");

const partitionOf = ({ tenant, id }: OnceName): string => `${tenant}#${id}`;

/** Undefined: an item of another kind. */
export function nameOf(item: Item): OnceName | undefined {
  const [tenant, id] = (textOf(item, PARTITION_KEY) ?? "").split("#");
  return tenant && id ? { tenant, id } : undefined;
}

/** A partition of the index takes 1,000 writes a second, and two are made for each stream. */
export const STREAM_SHARDS = ["0", "1", "2", "3"] as const;

const shardOf = ({ id }: OnceName): string => STREAM_SHARDS[Number.parseInt(id.slice(0, 2), 16) & 3] ?? "0";

export function onceStoreOn(table: Pick<Table, "get" | "put">): OnceStore {
  const put = (name: OnceName, record: OnceRecord, condition: Condition): Promise<"written" | "refused"> =>
    answered(table.put({ ...keyOf(partitionOf(name)), ...fieldsOf(record), ...indexed(name, record) }, condition));
  return {
    async read(name) {
      const item = await answered(table.get(partitionOf(name)));
      return item && recordOf(item);
    },
    create: (name, record, nowMillis) =>
      put(name, record, {
        expression: `attribute_not_exists(${PARTITION_KEY}) OR phase = :free OR expiresAt <= :now`,
        values: { ":free": { S: "free" }, ":now": { N: String(nowMillis) } },
      }),
    replace: (name, record, { token, aliveUntilMillis }) =>
      put(name, record, {
        expression: `phase = :running AND holder = :holder${aliveUntilMillis === undefined ? "" : " AND aliveUntil = :alive"}`,
        values: {
          ":running": { S: "running" },
          ":holder": { S: token },
          ...(aliveUntilMillis !== undefined && { ":alive": { N: String(aliveUntilMillis) } }),
        },
      }),
  };
}

/** Goes when its tenant goes. What lies outside of the table is removed by where it lies (adapters/s3/object-data.ts). */
export const onceDataOn = (table: AdministeredTable): TenantData => ({
  what: "recorded answers of requests with an Idempotency-Key",
  async remove(tenant) {
    const items = await answered(table.scan(`${tenant}#`));
    for (const item of items) await answered(table.remove(textOf(item, PARTITION_KEY) as string));
    return items.length;
  },
});

/** DynamoDB removes the item up to days later; who reads it looks at `expiresAt`. */
const fieldsOf = (record: OnceRecord): Item => ({
  phase: { S: record.state },
  holder: { S: record.token },
  fingerprint: { S: record.fingerprint },
  requestId: { S: record.requestId },
  streams: { BOOL: record.streams },
  expiresAt: { N: String(record.expiresAtMillis) },
  ttl: { N: String(Math.ceil(record.expiresAtMillis / 1000)) },
  ...(record.state === "running" && {
    aliveUntil: { N: String(record.aliveUntilMillis) },
    ...(record.line && { line: { S: JSON.stringify(record.line) } }),
  }),
  ...((record.state === "done" || record.state === "interrupted") && endOf(record)),
});

/** Nothing, and so no write to the index, for whole answers, and once a stream is over. A heartbeat changes neither member. */
const indexed = (name: OnceName, record: OnceRecord): Item =>
  record.state === "running" && record.streams
    ? { [STREAMS_INDEX.text]: { S: shardOf(name) }, [STREAMS_INDEX.number]: { N: String(beganAtMillis(record)) } }
    : {};

const endOf = ({ endedBy, answer }: EndedRecord): Item => ({
  endedBy: { S: endedBy },
  ...(answer.type === "inline" && { answer: { B: wireBytes(answer.bytes) } }),
  ...(answer.type === "object" && { object: { S: answer.name } }),
});

/** The serving path speaks JSON, where bytes are base64; the SDK, which would encode them itself, never writes here. */
const wireBytes = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes).toString("base64") as unknown as Uint8Array;

function recordOf(item: Item): OnceRecord {
  const text = (name: string): string => {
    const value = textOf(item, name);
    if (value === undefined)
      throw new Error(`requests: item ${JSON.stringify(textOf(item, PARTITION_KEY))} has no ${name}`);
    return value;
  };
  const base = {
    token: text("holder"),
    fingerprint: text("fingerprint"),
    requestId: text("requestId"),
    streams: item.streams?.BOOL === true,
    expiresAtMillis: Number(item.expiresAt?.N),
  };
  const state = text("phase");
  switch (state) {
    case "running": {
      const line = textOf(item, "line");
      return {
        ...base,
        state,
        aliveUntilMillis: Number(item.aliveUntil?.N),
        ...(line !== undefined && { line: JSON.parse(line) as UsageLine }),
      };
    }
    case "free":
      return { ...base, state };
    case "done":
    case "interrupted":
      return { ...base, state, endedBy: text("endedBy"), answer: answerOf(item) };
    default:
      throw new Error(`requests: item ${JSON.stringify(textOf(item, PARTITION_KEY))} is ${JSON.stringify(state)}`);
  }
}

/** The wire has bytes in base64; the SDK has decoded them. */
function answerOf(item: Item): KeptAt {
  const bytes: Uint8Array | string | undefined = item.answer?.B;
  if (bytes !== undefined)
    return { type: "inline", bytes: typeof bytes === "string" ? Buffer.from(bytes, "base64") : bytes };
  const name = textOf(item, "object");
  return name === undefined ? { type: "lost" } : { type: "object", name };
}
