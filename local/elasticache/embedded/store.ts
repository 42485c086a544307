/** Texts and lists by name, each with the time at which it goes; when there is no room, what was touched longest ago goes first. */
export type Value =
  | { readonly type: "text"; readonly bytes: Buffer }
  | { readonly type: "list"; readonly items: Buffer[] };

export interface KeyStore {
  get(key: string): Value | undefined;
  set(key: string, value: Value, untilMillis?: number): void;
  /** Adds to a list, which is made if need be; answers its length. */
  push(key: string, items: readonly Buffer[]): number;
  /** False: there is nothing. */
  expire(key: string, untilMillis: number): boolean;
  delete(key: string): boolean;
  clear(): void;
  /** Of everything that is kept. */
  bytes(): number;
}

interface Entry {
  readonly value: Value;
  untilMillis: number;
  bytes: number;
}

const ENTRY_BYTES = 100;
const sizeOf = (bytes: Buffer): number => bytes.length + ENTRY_BYTES;

export function createKeyStore(maxBytes: number, clock: () => number): KeyStore {
  const entries = new Map<string, Entry>();
  let total = 0;

  function live(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.untilMillis <= clock()) {
      remove(key);
      return undefined;
    }
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  }

  function remove(key: string): boolean {
    total -= entries.get(key)?.bytes ?? 0;
    return entries.delete(key);
  }

  function makeRoom(): void {
    for (const key of entries.keys()) {
      if (total <= maxBytes) return;
      remove(key);
    }
  }

  return {
    get: (key) => live(key)?.value,
    set(key, value, untilMillis = Number.POSITIVE_INFINITY) {
      remove(key);
      const parts = value.type === "text" ? [value.bytes] : value.items;
      const bytes = parts.reduce((sum, part) => sum + sizeOf(part), key.length);
      entries.set(key, { value, untilMillis, bytes });
      total += bytes;
      makeRoom();
    },
    push(key, items) {
      const entry = live(key);
      if (entry?.value.type !== "list") {
        this.set(key, { type: "list", items: items.map((item) => Buffer.from(item)) });
        return items.length;
      }
      entry.value.items.push(...items.map((item) => Buffer.from(item)));
      const added = items.reduce((sum, item) => sum + sizeOf(item), 0);
      entry.bytes += added;
      total += added;
      makeRoom();
      return entry.value.items.length;
    },
    expire(key, untilMillis) {
      const entry = live(key);
      if (entry !== undefined) entry.untilMillis = untilMillis;
      return entry !== undefined;
    },
    delete: (key) => live(key) !== undefined && remove(key),
    clear() {
      entries.clear();
      total = 0;
    },
    bytes: () => total,
  };
}
