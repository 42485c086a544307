/** What is known of a request that runs once, and where it is kept. One item, every change of it conditional. */
import type { UsageLine } from "../metering/usage-line.ts";
import type { OnceName } from "./idempotency-key.ts";

interface RecordBase {
  /** Of the process and request that runs it; no two are the same. */
  readonly token: string;
  readonly fingerprint: string;
  readonly requestId: string;
  /** Whether the answer is read as it is made. */
  readonly streams: boolean;
  /** Milliseconds since the epoch; the key is free from then on. */
  readonly expiresAtMillis: number;
}

export interface RunningRecord extends RecordBase {
  readonly state: "running";
  /** Who runs it puts this off while it lives. */
  readonly aliveUntilMillis: number;
  /** Of a stream, from its first heartbeat on: what its usage line would have said then. */
  readonly line?: UsageLine;
}

export interface EndedRecord extends RecordBase {
  /** `interrupted`: who ran it is gone, and nobody knows how far it came beyond what was kept. It does not run again. */
  readonly state: "done" | "interrupted";
  readonly answer: KeptAt;
  /** Token of whoever wrote this: with it goes the right to charge. */
  readonly endedBy: string;
}

/** It was refused before it ran: the next one with the key may. */
export interface FreeRecord extends RecordBase {
  readonly state: "free";
}

export type OnceRecord = RunningRecord | EndedRecord | FreeRecord;

/** An answer, packed (kept-answer.ts). */
export type KeptAt =
  | { readonly type: "inline"; readonly bytes: Uint8Array }
  | { readonly type: "object"; readonly name: string }
  /** It was too large, or the store did not take it. */
  | { readonly type: "lost" };

export interface OnceStore {
  /** Consistent. */
  read(name: OnceName): Promise<OnceRecord | undefined>;
  /** Where there is nothing, or a free record, or one that has expired. */
  create(name: OnceName, record: RunningRecord, nowMillis: number): Promise<"written" | "refused">;
  /**
   * Where it runs under `token`; with `aliveUntilMillis`, only if that is still what is stored. All three reject with
   * `dependency_unavailable`; a write may have been done then, and one that was done twice answers `refused`.
   */
  replace(
    name: OnceName,
    record: OnceRecord,
    held: { readonly token: string; readonly aliveUntilMillis?: number },
  ): Promise<"written" | "refused">;
}

/** Where a table holds such records, the index by which they are found: template and adapter agree on it here. */
export const STREAMS_INDEX = { name: "streams", text: "shard", number: "began" } as const;

/** For those who look for streams that nobody runs any more (sweep-once.ts). */
export interface StreamsUnderWay {
  /**
   * Names of running records of streams that began by then, oldest first. What began or ended within the last moments may be missing, or
   * still be there; with very many of them, only the oldest. Rejects with `dependency_unavailable`.
   */
  beganBefore(millis: number): Promise<readonly OnceName[]>;
}

/** Answers that are too large for the item. */
export interface AnswerObjects {
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined: there is none. */
  get(name: string): Promise<Uint8Array | undefined>;
}

export const KEPT_MILLIS = 24 * 3_600_000;
/** Requests that take less write twice: when they begin and when they are done. */
export const HEARTBEAT_MILLIS = 5_000;
export const beganAtMillis = ({ expiresAtMillis }: Pick<OnceRecord, "expiresAtMillis">): number =>
  expiresAtMillis - KEPT_MILLIS;
/** Three heartbeats: two may be lost. */
export const ALIVE_MILLIS = 3 * HEARTBEAT_MILLIS;
