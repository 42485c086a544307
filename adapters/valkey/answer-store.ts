/** What processes share of their answers, in Valkey. Every command is about one key, as clusters want it. */
import type { AnswerStore } from "../../core/caching/answer-store.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { ValkeyClient } from "./client.ts";
import { valkeyFrameLog } from "./frame-log.ts";

/** A claim is changed by its holder only. https://valkey.io/commands/set/#patterns */
export const EXTEND_SCRIPT =
  "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) else return 0 end";
export const RELEASE_SCRIPT =
  "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end";

export function valkeyAnswerStore(client: ValkeyClient, clock: Clock): AnswerStore {
  const millis = (ttlMillis: number): string => String(Math.max(1, Math.ceil(ttlMillis)));
  return {
    frames: valkeyFrameLog(client, clock),
    isOpen: client.isOpen,
    get: (name) => client.ask(name, ["GET", name]).then((reply) => (Buffer.isBuffer(reply) ? reply : undefined)),
    async put(name, bytes, ttlMillis) {
      await client.write(name, ["SET", name, bytes, "PX", millis(ttlMillis)]);
    },
    async claim(name, token, ttlMillis) {
      // Answers what was there before: nothing, or the holder.
      const before = await client.ask(name, ["SET", name, token, "NX", "GET", "PX", millis(ttlMillis)]);
      return before === null ? token : textOf(before);
    },
    async holder(name) {
      const reply = await client.ask(name, ["GET", name]);
      return reply === null ? undefined : textOf(reply);
    },
    async extend(name, token, ttlMillis) {
      return (await client.ask(name, ["EVAL", EXTEND_SCRIPT, "1", name, token, millis(ttlMillis)])) === 1;
    },
    async release(name, token) {
      await client.ask(name, ["EVAL", RELEASE_SCRIPT, "1", name, token]);
    },
  };
}

function textOf(reply: unknown): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  throw new Error("a claim that is no text");
}
