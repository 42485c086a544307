import { mkdirSync, writeFileSync } from "node:fs";
import { appendFile, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PlatformEvent } from "../simulator.ts";
import { count, encodeHeader, fileNameOf, type LogGroup, type LogStream, noStatistics } from "./log-streams.ts";
import { encodeEvent, MAX_EVENT_BYTES, type StoredEvent } from "./stored-event.ts";

/** What may wait for the disk. A function that logs faster than this drains loses lines, and the platform says so. */
const MAX_WAITING_BYTES = 16 * 1024 ** 2;
/** Lines are collected for so long before they go to the disk, so that a busy function does not open its file for each of them. */
const COLLECTED_MILLIS = 100;
const MILLIS_PER_DAY = 24 * 3600 * 1000;
const GROUP_FILE = "group.json";

interface WaitingStream {
  readonly logGroup: string;
  readonly logStream: string;
  readonly events: StoredEvent[];
}

/**
 * Log groups and streams below one directory. Lines are taken at once and written behind; readers call `flush` first.
 * No file stays open between writes, so thousands of streams cost no descriptors.
 */
export class LogStore {
  readonly #directory: string;
  readonly #clock: () => number;
  readonly #emit: (event: PlatformEvent) => void;
  readonly #onStored: (logGroup: string, logStream: string, events: readonly StoredEvent[]) => void;
  readonly #groups = new Map<string, LogGroup>();
  #opening: Promise<void> | undefined;
  #waiting = new Map<string, WaitingStream>();
  #waitingBytes = 0;
  #droppedLines = 0;
  #writing: Promise<void> | undefined;
  /** Ends the time for which lines are collected. */
  #hurry: (() => void) | undefined;

  /** `onStored` hears of every event, in its turn, before it lies on the disk. */
  constructor(
    directory: string,
    clock: () => number,
    emit: (event: PlatformEvent) => void,
    onStored: (logGroup: string, logStream: string, events: readonly StoredEvent[]) => void = () => undefined,
  ) {
    this.#onStored = onStored;
    this.#directory = directory;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Reads what earlier runs left; streams whose last line is older than their group's retention are removed. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  groups(): readonly LogGroup[] {
    return [...this.#groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  group(name: string): LogGroup | undefined {
    return this.#groups.get(name);
  }

  /** Events older than this are not shown, though their file may still be there. */
  oldestShownMillis(group: LogGroup): number {
    return group.retentionInDays === undefined ? 0 : this.#clock() - group.retentionInDays * MILLIS_PER_DAY;
  }

  /** Makes the group if need be; `keep` leaves an existing group's retention as it is. */
  async putGroup(name: string, retentionInDays: number | "never" | "keep" = "keep"): Promise<LogGroup> {
    await this.open();
    const existing = this.#groups.get(name);
    const wanted = retentionInDays === "keep" ? existing?.retentionInDays : retentionInDays;
    const days = wanted === "never" ? undefined : wanted;
    if (existing !== undefined && existing.retentionInDays === days) return existing;

    const directory = join(this.#directory, fileNameOf(name));
    const group = existing ?? {
      name,
      directory,
      createdAtMillis: this.#clock(),
      retentionInDays: days,
      streams: new Map(),
    };
    group.retentionInDays = days;
    // Synchronous, so that nobody meets a group without its directory.
    mkdirSync(directory, { recursive: true });
    const facts = { name, createdAtMillis: group.createdAtMillis, retentionInDays: days };
    writeFileSync(join(directory, GROUP_FILE), JSON.stringify(facts));
    this.#groups.set(name, group);
    return group;
  }

  putStream(group: LogGroup, name: string): LogStream {
    let stream = group.streams.get(name);
    if (stream === undefined) {
      const createdAtMillis = this.#clock();
      const file = join(group.directory, `${fileNameOf(name)}.jsonl`);
      writeFileSync(file, encodeHeader(name, createdAtMillis));
      stream = { name, file, createdAtMillis, statistics: noStatistics() };
      group.streams.set(name, stream);
    }
    return stream;
  }

  /** Never waits. Makes the group and stream if need be. */
  append(logGroup: string, logStream: string, events: readonly StoredEvent[]): void {
    const key = `${logGroup}\n${logStream}`;
    const taken: StoredEvent[] = [];
    for (const event of events) {
      const bytes = Buffer.byteLength(event.message);
      if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
        this.#droppedLines++;
        continue;
      }
      this.#waitingBytes += bytes;
      const waiting = this.#waiting.get(key) ?? { logGroup, logStream, events: [] };
      const stored =
        bytes <= MAX_EVENT_BYTES ? event : { ...event, message: event.message.slice(0, MAX_EVENT_BYTES / 4) };
      waiting.events.push(stored);
      taken.push(stored);
      this.#waiting.set(key, waiting);
    }
    this.#writing ??= this.#write();
    this.#onStored(logGroup, logStream, taken);
  }

  /** Resolves when everything that was appended before lies on the disk. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) {
      this.#hurry?.();
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    try {
      await this.#collect();
      await this.open();
      while (this.#waiting.size > 0) {
        const batch = this.#waiting;
        this.#waiting = new Map();
        this.#waitingBytes = 0;
        for (const { logGroup, logStream, events } of batch.values()) {
          const group = await this.putGroup(logGroup);
          const stream = this.putStream(group, logStream);
          await appendFile(stream.file, events.map(encodeEvent).join(""));
          if (stream.statistics !== undefined) for (const event of events) count(stream.statistics, event);
        }
      }
    } catch (error) {
      this.#emit({ type: "warning", message: `Log lines were lost: ${(error as Error).message}` });
    } finally {
      this.#writing = undefined;
    }
    if (this.#droppedLines > 0) {
      this.#emit({
        type: "warning",
        message: `${this.#droppedLines} log lines were dropped: they came faster than the disk takes them.`,
      });
      this.#droppedLines = 0;
    }
  }

  #collect(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, COLLECTED_MILLIS);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    for (const entry of await readdir(this.#directory)) {
      const directory = join(this.#directory, entry);
      const facts = await readFile(join(directory, GROUP_FILE), "utf8").then(
        (text) => JSON.parse(text) as Pick<LogGroup, "name" | "createdAtMillis" | "retentionInDays">,
        () => undefined,
      );
      if (facts === undefined) continue;
      const group: LogGroup = { ...facts, retentionInDays: facts.retentionInDays, directory, streams: new Map() };
      this.#groups.set(group.name, group);
      for (const name of await readdir(directory)) {
        if (name.endsWith(".jsonl")) await this.#openStream(group, join(directory, name));
      }
    }
  }

  async #openStream(group: LogGroup, file: string): Promise<void> {
    if ((await stat(file)).mtimeMs < this.oldestShownMillis(group)) return rm(file, { force: true });
    const header = await firstLine(file);
    if (header === undefined) return rm(file, { force: true });
    const { stream: name, createdAtMillis } = JSON.parse(header) as { stream: string; createdAtMillis: number };
    group.streams.set(name, { name, file, createdAtMillis, statistics: undefined });
  }
}

/** Names end at 512 characters: a header fits easily. Undefined when a crash left none. */
const MAX_HEADER_BYTES = 8 * 1024;

async function firstLine(path: string): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0);
    const end = buffer.subarray(0, bytesRead).indexOf("\n");
    return end < 0 ? undefined : buffer.subarray(0, end).toString("utf8");
  } finally {
    await file.close();
  }
}
