/**
 * Jobs in a table of their own, together with what they were asked and what they answered:
 * `{ pk: "jobs#<tenant>", sk: "<id>", revision, job: <JSON>, ttl }`,
 * `{ pk: "body#<name>", sk: "<piece>", bytes: <gzip>, ttl }`, an item has 400 KB at most,
 * `{ pk: "open", sk: "<id>", tenant, due, ttl }` for each that is not final,
 * `{ pk: "slots#<tenant>", sk: "<id>", key, ttl }` for each that counts against its tenant's limit.
 * For bodies up to 8 kB this costs less than two objects in S3, and everything ends by itself.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { JOB_LIMITS, type Job, jobExpiry } from "../../core/jobs/job.ts";
import type { JobStore } from "../../core/jobs/job-store.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import { slotStoreOn } from "./slot-table.ts";
import { atRevision, type ChangingTable, type Item, keyOf, SORT_KEY, textOf } from "./table.ts";

const answered = answeredBy("the store of jobs");

const OPEN = "open";
const jobsOf = (tenant: string): string => `jobs#${tenant}`;
const slotsOf = (tenant: string): string => `slots#${tenant}`;
const bodyOf = (name: string): string => `body#${name}`;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items */
const PIECE_BYTES = 380_000;
const PIECE_DIGITS = 4;

const ttl = (millis: number) => ({ N: String(Math.ceil(millis / 1000)) });

/** `nowMillis`: for the ends of entries; nothing else depends on it. */
export function jobStoreOn(table: ChangingTable, nowMillis: () => number): JobStore {
  /** Later than the end of any job that is taken now. */
  const everythingOver = () => ttl(nowMillis() + JOB_LIMITS.longestMillis + JOB_LIMITS.keptMillis);
  return {
    async find(tenant, id) {
      const item = await answered(table.get(jobsOf(tenant), id));
      return item && jobOf(item);
    },
    async latest(tenant, limit, before) {
      return (await answered(table.latest(jobsOf(tenant), limit, before))).map(jobOf);
    },
    put(job) {
      const item = {
        ...keyOf(jobsOf(job.tenant), job.id),
        revision: { N: String(job.revision) },
        job: { S: JSON.stringify(job) },
        ttl: ttl(jobExpiry(job)),
      };
      return answered(table.put(item, atRevision(job.revision - 1)));
    },
    async putBody(name, bytes, expiresAtMillis) {
      const packed = gzipSync(bytes, { level: 1 });
      const pieces = Math.max(1, Math.ceil(packed.length / PIECE_BYTES));
      for (let piece = 0; piece < pieces; piece++) {
        const part = packed.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
        const item = {
          ...keyOf(bodyOf(name), String(piece).padStart(PIECE_DIGITS, "0")),
          // JSON carries bytes as base64; the SDK's type has them as bytes.
          bytes: { B: part.toString("base64") as unknown as Uint8Array },
          pieces: { N: String(pieces) },
          ttl: ttl(expiresAtMillis),
        };
        await answered(table.put(item));
      }
    },
    async body(name) {
      const items = await answered(table.query(bodyOf(name)));
      if (items.length === 0 || items.length !== Number(items[0]?.pieces?.N)) return undefined;
      const parts = items.map(({ bytes }) => Buffer.from(String(bytes?.B), "base64"));
      return gunzipSync(Buffer.concat(parts));
    },
    async putOpen({ tenant, id, dueAtMillis }) {
      const due = { N: String(dueAtMillis) };
      await answered(table.put({ ...keyOf(OPEN, id), tenant: { S: tenant }, due, ttl: everythingOver() }));
    },
    removeOpen: (id) => answered(table.remove(OPEN, id)),
    async listOpen() {
      const items = await answered(table.query(OPEN));
      return items.map((item) => ({
        tenant: textOf(item, "tenant") ?? "",
        id: textOf(item, SORT_KEY) ?? "",
        dueAtMillis: Number(item.due?.N),
      }));
    },
    ...slotStoreOn(table, { answered, partitionOf: slotsOf, ttl: everythingOver }),
  };
}

function jobOf(item: Item): Job {
  const text = textOf(item, "job");
  if (text === undefined) throw new Error(`jobs: item ${JSON.stringify(textOf(item, SORT_KEY))} holds no job`);
  return JSON.parse(text) as Job;
}
