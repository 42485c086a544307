/**
 * Streams with an Idempotency-Key that run, found without reading the table: an index that holds an item only while it has `shard`
 * (idempotency-table.ts). https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general-sparse-indexes.html
 */
import { STREAMS_INDEX, type StreamsUnderWay } from "../../core/idempotency/once-record.ts";
import { dependencyUnavailable } from "../aws/dependency-error.ts";
import { nameOf, STREAM_SHARDS } from "./idempotency-table.ts";
import type { IndexedTable } from "./table.ts";

const { name, text, number } = STREAMS_INDEX;

/** Of each shard, oldest first; the rest a minute later. */
const MOST_NAMES = 250;

export const streamsUnderWayOn = (table: IndexedTable): StreamsUnderWay => ({
  async beganBefore(millis) {
    try {
      const shards = await Promise.all(
        STREAM_SHARDS.map((shard) => table.queryIndex(name, [text, shard], [number, millis], MOST_NAMES)),
      );
      return shards.flat().flatMap((item) => nameOf(item) ?? []);
    } catch (error) {
      throw dependencyUnavailable("the record of requests with an Idempotency-Key", error);
    }
  },
});
