/**
 * Folders of files that are made once and kept on a disk, by name: bounded in size, the least recently used out first. For
 * several threads and processes at once, none of which need know of the others. What is found is what was made, or it is gone.
 */

/** A folder that is about to be made. */
export interface EntryToMake {
  /** Letters, digits, dots and hyphens; stands for one content for ever. */
  readonly name: string;
  /** About what the files will take; room is made for that before. */
  readonly bytes: number;
  /** Writes files (no folders) into an empty folder. */
  fill(folder: string): Promise<void>;
}

export interface DiskCache {
  /** A folder for whatever has to lie on the same disk as the entries (hard links). The caller removes it. */
  readonly temporaryDirectory: string;
  /** The entry's folder, verified; undefined when there is none. It may be dropped at any moment: link or open its files at once. */
  find(name: string): Promise<string | undefined>;
  /**
   * `find`, or else makes it; of several who ask at once, one makes it and the others wait. Rejects with what `fill` threw.
   * Undefined: it cannot be kept (too large, a disk that is full or read-only): the caller does without.
   */
  findOrMake(entry: EntryToMake): Promise<string | undefined>;
  /** Removes an entry that turned out to be of no use. */
  drop(name: string): Promise<void>;
}

export interface DiskCacheOptions {
  /** Made when it is not there; belongs to the cache alone. */
  readonly directory: string;
  /** Of all entries together. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch, as file times are. */
  now(): number;
  /** The disk refuses what is asked of it; nothing is kept then. */
  onFailed(error: unknown): void;
}
