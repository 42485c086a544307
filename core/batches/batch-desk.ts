/** Where batches are taken, shown and cancelled: for the API, on behalf of one tenant. */
import { FarthingError, show } from "../errors.ts";
import type { FileDesk } from "../files/file-desk.ts";
import { newTimedId } from "../jobs/job.ts";
import type { JobStore, StartJob } from "../jobs/job-store.ts";
import { type OpenLimit, openWithSlot } from "../jobs/open-limit.ts";
import type { Clock } from "../serving/clock.ts";
import type { Caller } from "../tenants/caller.ts";
import { BATCH_LIMITS, type Batch, type BatchEndpoint, isBatchId, isFinal } from "./batch.ts";
import type { BatchStore } from "./batch-store.ts";
import { becomes, changeBatch } from "./change-batch.ts";

export interface BatchOrder {
  readonly endpoint: BatchEndpoint;
  readonly inputFile: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly outputKeptMillis?: number | undefined;
}

export interface BatchDesk {
  /** When it resolves, the batch is safe. Throws `unknown_file` and `rate_limited`. */
  take(caller: Caller, order: BatchOrder): Promise<Batch>;
  /** Throws `unknown_batch`, for those of other tenants too. */
  find(tenant: string, id: string): Promise<Batch>;
  /** Newest first. */
  latest(tenant: string, limit: number, before?: string): Promise<readonly Batch[]>;
  /** A batch that is final stays as it is. What is answered until then stays, and is paid. */
  cancel(tenant: string, id: string): Promise<Batch>;
}

export interface BatchDeskParts {
  readonly store: BatchStore;
  readonly files: Pick<FileDesk, "find">;
  /** Whatever is to be worked on stands there, jobs and batches: one sweep finds both. */
  readonly open: Pick<JobStore, "putOpen" | "removeOpen">;
  readonly start: StartJob;
  readonly clock: Clock;
  newToken(): string;
  /** Work behind an answer; it never rejects. */
  behind(work: Promise<unknown>): void;
}

/** A batch that nobody works on after so long was not started: it is swept up. */
const STARTED_WITHIN_MILLIS = 30_000;
const OPEN_LIMITS: readonly OpenLimit[] = [
  {
    most: BATCH_LIMITS.mostOpen,
    message: `${BATCH_LIMITS.mostOpen} batches may be under way at once, and they are. Wait for one to end, or cancel one.`,
  },
];

export function createBatchDesk({ store, files, open, start, clock, newToken, behind }: BatchDeskParts): BatchDesk {
  async function find(tenant: string, id: string): Promise<Batch> {
    const batch = isBatchId(id) ? await store.find(tenant, id) : undefined;
    if (batch !== undefined) return batch;
    throw new FarthingError("unknown_batch", `There is no batch ${show(id)}.`);
  }

  return {
    async take({ tenant, keyHash }, { endpoint, inputFile, metadata, outputKeptMillis }) {
      const file = await files.find(tenant, inputFile);
      if (file.state !== "stored" || file.purpose !== "batch") {
        const state = file.state === "stored" ? `has the purpose ${file.purpose}` : "has not been uploaded yet";
        const message = `The file ${file.id} ${state}; a batch reads a stored file of the purpose batch.`;
        throw new FarthingError("invalid_field", message, { field: "input_file_id" });
      }
      const now = clock.epochMillis();
      const id = newTimedId("batch_", now, newToken());
      const batch: Batch = {
        id,
        tenant,
        keyHash,
        endpoint,
        inputFile,
        metadata,
        ...(outputKeptMillis !== undefined && { outputKeptMillis }),
        status: "validating",
        revision: 1,
        createdAtMillis: now,
        expiresAtMillis: now + BATCH_LIMITS.windowMillis,
        times: {},
        notBeforeMillis: now,
        lines: 0,
        next: { byte: 0, line: 0 },
        again: [],
        stepAtMillis: now,
        completed: 0,
        failed: 0,
        usage: { inputTokens: 0, outputTokens: 0 },
        priceUsd: 0,
        output: [],
        errors: [],
      };
      const dueAtMillis = now + STARTED_WITHIN_MILLIS;
      await openWithSlot({ tenant, id, keyHash }, OPEN_LIMITS, { dueAtMillis, open, slots: store });
      await store.put(batch);
      behind(start({ tenant, id }));
      return batch;
    },
    find,
    latest: (tenant, limit, before) => store.latest(tenant, limit, before),
    async cancel(tenant, id) {
      await find(tenant, id);
      const cancelling = await changeBatch(tenant, id, store, (batch) =>
        isFinal(batch) || batch.status === "cancelling" || batch.status === "finalizing"
          ? undefined
          : becomes(batch, "cancelling", clock.epochMillis()),
      );
      if (cancelling === undefined) return find(tenant, id);
      behind(start({ tenant, id }));
      return cancelling;
    },
  };
}
