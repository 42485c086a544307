import type { OnceName } from "./idempotency-key.ts";
import {
  type AnswerObjects,
  beganAtMillis,
  type OnceRecord,
  type OnceStore,
  type StreamsUnderWay,
} from "./once-record.ts";

/** Records within one process. */
export function createMemoryOnceStore(): OnceStore & StreamsUnderWay {
  const records = new Map<string, OnceRecord>();
  const keyOf = ({ tenant, id }: OnceName): string => `${tenant}#${id}`;
  return {
    read: async (name) => records.get(keyOf(name)),
    async create(name, record, nowMillis) {
      const found = records.get(keyOf(name));
      if (found !== undefined && found.state !== "free" && found.expiresAtMillis > nowMillis) return "refused";
      records.set(keyOf(name), record);
      return "written";
    },
    async replace(name, record, { token, aliveUntilMillis }) {
      const found = records.get(keyOf(name));
      if (found?.state !== "running" || found.token !== token) return "refused";
      if (aliveUntilMillis !== undefined && found.aliveUntilMillis !== aliveUntilMillis) return "refused";
      records.set(keyOf(name), record);
      return "written";
    },
    async beganBefore(millis) {
      return [...records]
        .filter(([, record]) => record.state === "running" && record.streams && beganAtMillis(record) <= millis)
        .sort(([, a], [, b]) => beganAtMillis(a) - beganAtMillis(b))
        .map(([key]) => {
          const [tenant = "", id = ""] = key.split("#");
          return { tenant, id };
        });
    },
  };
}

export function createMemoryAnswerObjects(): AnswerObjects {
  const objects = new Map<string, Uint8Array>();
  return {
    async put(name, bytes) {
      objects.set(name, bytes);
    },
    get: async (name) => objects.get(name),
  };
}
