/** Batches in memory, on a clock of their own, with processes that may die at any of their steps. */
import { hash } from "node:crypto";
import type { Batch, BatchEndpoint } from "../../../core/batches/batch.ts";
import { type BatchDesk, createBatchDesk } from "../../../core/batches/batch-desk.ts";
import { type BatchRunnerParts, runBatch } from "../../../core/batches/run-batch.ts";
import type { FarthingError } from "../../../core/errors.ts";
import type { StoredFile } from "../../../core/files/file.ts";
import { createFileDesk, type FileDesk } from "../../../core/files/file-desk.ts";
import type { FileContents } from "../../../core/files/file-store.ts";
import type { Slot } from "../../../core/jobs/slot-store.ts";
import type { Accounting, Api } from "../../../core/serving/api-dependencies.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import { NO_TERMS } from "../../../core/tenants/terms.ts";

export const NOW = Date.parse("2026-11-24T12:00:00Z");

export const CALLER = {
  type: "known",
  tenant: "acme",
  keyPrefix: "fk_abc",
  keyHash: "f".repeat(64),
  scopes: {},
  dataClass: "open",
  answerScope: "acme",
  terms: { tenant: NO_TERMS, key: NO_TERMS },
  debugUntilMillis: 0,
} as const;

/** What the models say to one request: its text is its price in tokens. */
export type Reply =
  | { readonly type: "text"; readonly tokens: number }
  | { readonly type: "error"; readonly error: FarthingError };

export class Died extends Error {}

export interface World {
  readonly files: FileDesk;
  readonly batches: BatchDesk;
  /** Lines that went out to the log: one per request, with the number that is its own where it has one. */
  readonly told: { readonly accounting: Accounting | undefined; readonly tokens: number }[];
  readonly requests: { readonly body: unknown; readonly requestId: string }[];
  readonly started: string[];
  /** Ids that whoever sweeps would look at, with the time from which on. */
  readonly open: Map<string, number>;
  /** Of batches that count against the limit. */
  readonly slots: ReadonlyMap<string, Slot>;
  nowMillis: number;
  /** Requests that begin now are not answered before this. */
  gate: Promise<void>;
  reply(body: Record<string, unknown>): Reply;
  /** Steps to the outside that the next process can make; it dies at the one after. */
  stepsUntilDeath: number;
  run(id: string, processMillis?: number): Promise<void>;
  batch(id: string): Batch;
  text(file: string): Promise<string>;
  take(lines: readonly (string | object)[], endpoint?: BatchEndpoint): Promise<Batch>;
}

export function createWorld(): World {
  const records = new Map<string, string>();
  const batches = new Map<string, string>();
  const contents = new Map<string, Uint8Array>();
  const open = new Map<string, number>();
  const slots = new Map<string, Slot>();
  let tokens = 0;
  const newToken = () => hash("sha256", String(tokens++), "hex").slice(0, 25);
  const clock: Clock = {
    epochMillis: () => world.nowMillis,
    monotonicMillis: () => world.nowMillis,
    // Whoever waits sees the time pass; leases are renewed by nobody.
    after(millis, callback) {
      if (millis === 15_000) return () => {};
      setImmediate(() => {
        world.nowMillis += millis;
        callback();
      });
      return () => {};
    },
  };
  function step(): void {
    if (world.stepsUntilDeath === 0) throw new Died();
    world.stepsUntilDeath--;
  }
  const newest = <T extends { readonly id: string }>(
    map: Map<string, string>,
    limit: number,
    before: string | undefined,
  ) =>
    [...map.values()]
      .map((text) => JSON.parse(text) as T)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .filter(({ id }) => before === undefined || id < before)
      .slice(0, limit);
  const key = (tenant: string, id: string): string => `${tenant} ${id}`;
  const parsed = <T>(text: string | undefined): T | undefined => (text === undefined ? undefined : JSON.parse(text));

  const fileStore = {
    find: async (tenant: string, id: string) => (step(), parsed<StoredFile>(records.get(key(tenant, id)))),
    latest: async (_: string, limit: number, before?: string) => newest<StoredFile>(records, limit, before),
    put: async (file: StoredFile) => (step(), void records.set(key(file.tenant, file.id), JSON.stringify(file))),
    remove: async (tenant: string, id: string) => void records.delete(key(tenant, id)),
  };
  const fileContents: FileContents = {
    write: async (name, bytes) => (step(), void contents.set(name, Uint8Array.from(bytes))),
    read: async (name, { first, last }) => (step(), contents.get(name)?.subarray(first, last + 1)),
    size: async (name) => contents.get(name)?.length,
    remove: async (name) => void contents.delete(name),
    uploadAddress: (name) => ({ url: `https://upload.test/${name}`, headers: {} }),
  };
  const store = {
    find: async (tenant: string, id: string) => (step(), parsed<Batch>(batches.get(key(tenant, id)))),
    latest: async (_: string, limit: number, before?: string) => newest<Batch>(batches, limit, before),
    async put(batch: Batch): Promise<"written" | "refused"> {
      step();
      const stored = parsed<Batch>(batches.get(key(batch.tenant, batch.id)));
      if ((stored?.revision ?? 0) !== batch.revision - 1) return "refused";
      batches.set(key(batch.tenant, batch.id), JSON.stringify(batch));
      return "written";
    },
    putSlot: async (slot: Slot) => (step(), void slots.set(key(slot.tenant, slot.id), slot)),
    removeSlot: async (tenant: string, id: string) => (step(), void slots.delete(key(tenant, id))),
    slots: async (tenant: string) => (step(), [...slots.values()].filter((slot) => slot.tenant === tenant)),
  };
  const openStore = {
    putOpen: async ({ id, dueAtMillis }: { id: string; dueAtMillis: number }) => (
      step(), void open.set(id, dueAtMillis)
    ),
    removeOpen: async (id: string) => (step(), void open.delete(id)),
  };
  const start = async ({ id }: { id: string }) => (step(), void world.started.push(id));

  const api: Api = async (request, { requestId, job }) => {
    step();
    const body = JSON.parse(Buffer.from(request.body as Uint8Array).toString()) as Record<string, unknown>;
    world.requests.push({ body, requestId });
    await world.gate;
    const reply = world.reply(body);
    const failure = reply.type === "error" ? reply.error : undefined;
    const used = reply.type === "text" ? reply.tokens : 0;
    const usage = { inputTokens: 0, outputTokens: used, inferenceMillis: 1 };
    world.told.push({ accounting: failure === undefined ? job?.accounting : undefined, tokens: used });
    job?.onOutcome({ failure, usage, priceUsd: used / 1_000_000 });
    step();
    return {
      status: failure?.status ?? 200,
      headers: { "content-type": "application/json" },
      body:
        failure === undefined
          ? `{"big":12345678901234567890,"tokens":${used}}`
          : `{"error":{"code":"${failure.code}"}}`,
    };
  };
  const parts: BatchRunnerParts = {
    store,
    files: fileStore,
    contents: fileContents,
    open: openStore,
    start,
    api,
    clock,
    newToken,
  };
  const files = createFileDesk({ store: fileStore, contents: fileContents, clock, newToken });
  const world: World = {
    files,
    batches: createBatchDesk({
      store,
      files,
      open: openStore,
      start,
      clock,
      newToken,
      behind: (work) => void work.catch(() => {}),
    }),
    told: [],
    requests: [],
    started: [],
    open,
    slots,
    nowMillis: NOW,
    gate: Promise.resolve(),
    reply: () => ({ type: "text", tokens: 1 }),
    stepsUntilDeath: Number.POSITIVE_INFINITY,
    async run(id, processMillis = 15 * 60_000) {
      await runBatch({ tenant: CALLER.tenant, id, deadlineMillis: world.nowMillis + processMillis }, parts);
    },
    batch: (id) => JSON.parse(batches.get(key(CALLER.tenant, id)) ?? "null"),
    async text(id) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of files.content(await files.find(CALLER.tenant, id))) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
    async take(lines, endpoint = "/v1/chat/completions") {
      const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
      const file = await files.store(CALLER.tenant, { name: "in.jsonl" }, Buffer.from(text));
      return world.batches.take(CALLER, { endpoint, inputFile: file.id, metadata: undefined });
    },
  };
  return world;
}

export const lineOf = (id: string, body: object = {}): object => ({
  custom_id: id,
  method: "POST",
  url: "/v1/chat/completions",
  body: { model: "m", id, ...body },
});

export interface Written {
  readonly custom_id: string | null;
  readonly response: { readonly status_code: number; readonly body: { readonly tokens?: number } } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export const written = (text: string): Written[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Written);
