/**
 * How much memory keys and values take: counted by their buffers, within what models leave of the process's budget. Those of
 * requests that run come first; what is only kept for a next turn makes way for them, and for models.
 */
import { FarthingError } from "../../../core/errors.ts";

export interface KeyValueMemory {
  /** The most that one request could have, if nothing else ran. */
  mostBytes(): number;
  /** For a request. Throws `overloaded` when other requests hold the memory. */
  take(bytes: number): void;
  give(bytes: number): void;
}

/** What is kept because it may be of use, and can be dropped at any time. */
export interface Droppable {
  /** Drops what was of no use for the longest time, and gives its memory back; false: there is nothing left. */
  dropOne(): boolean;
}

export interface SharedKeyValueMemory extends KeyValueMemory {
  heldBytes(): number;
  /** Makes way for something else, as far as anything can be dropped. */
  shrink(bytes: number): void;
  /** Answers how to take it off the list again. */
  add(droppable: Droppable): () => void;
}

/** What models leave. */
export interface MemoryBesideModels {
  bytes(): number;
  /** The same without models that nobody uses right now. */
  mostBytes(): number;
  /** Drops such models. */
  makeWay(bytes: number): void;
}

export function createKeyValueMemory(room: MemoryBesideModels): SharedKeyValueMemory {
  const droppables = new Set<Droppable>();
  let held = 0;

  const dropOne = (): boolean => {
    for (const droppable of droppables) if (droppable.dropOne()) return true;
    return false;
  };

  return {
    mostBytes: () => room.mostBytes(),
    heldBytes: () => held,
    take(bytes) {
      const short = (): number => held + bytes - room.bytes();
      while (short() > 0 && dropOne());
      if (short() > 0) room.makeWay(short());
      if (short() > 0) throw allInUse(bytes, Math.max(0, bytes - short()));
      held += bytes;
    },
    give(bytes) {
      held -= bytes;
    },
    shrink(bytes) {
      const target = held - bytes;
      while (held > target && dropOne());
    },
    add(droppable) {
      droppables.add(droppable);
      return () => void droppables.delete(droppable);
    },
  };
}

/** For the CLI, inspection and benchmarks: a process that nobody has given a size. */
const UNBUDGETED_BYTES = 2 ** 30;
export const unbudgetedKeyValueMemory = (): SharedKeyValueMemory =>
  createKeyValueMemory({ bytes: () => UNBUDGETED_BYTES, mostBytes: () => UNBUDGETED_BYTES, makeWay: () => {} });

const allInUse = (wanted: number, free: number): FarthingError =>
  new FarthingError(
    "overloaded",
    `Other requests hold the memory for keys and values of this deployment: this one needs ${megabytes(wanted)} more, ` +
      `${megabytes(free)} are free.`,
    { retryAfterSeconds: 1 },
  );

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;
