/** A map of bounded size: what was touched longest ago leaves first. `Map` keeps insertion order, so re-inserting is enough. */
export class RecencyMap<K, V> {
  readonly #capacity: number;
  readonly #entries = new Map<K, V>();
  /** What was touched last: touching it again, as a process with one busy tenant does all day, changes no order. */
  #newest: K | undefined;

  /** `capacity`: entries, at least 1. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity ${capacity}: an integer from 1 on`);
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined && key !== this.#newest) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
      this.#newest = key;
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
    if (this.#entries.size > this.#capacity) this.#entries.delete(this.#entries.keys().next().value as K);
  }

  delete(key: K): void {
    this.#entries.delete(key);
    if (key === this.#newest) this.#newest = undefined;
  }
}
