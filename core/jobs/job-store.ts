import type { Job } from "./job.ts";
import type { SlotStore } from "./slot-store.ts";

/** What says that a job is not final yet: whoever sweeps finds by it what nobody works on. */
export interface OpenJob {
  readonly tenant: string;
  readonly id: string;
  /** Nothing is to be done before; a hint, the job itself has the truth. */
  readonly dueAtMillis: number;
}

export interface JobStore extends SlotStore {
  find(tenant: string, id: string): Promise<Job | undefined>;
  /** Newest first; `before`: ids that sort before this one. */
  latest(tenant: string, limit: number, before?: string): Promise<readonly Job[]>;
  /** `refused`: the stored revision is not `job.revision - 1` any more. */
  put(job: Job): Promise<"written" | "refused">;
  putBody(name: string, bytes: Uint8Array, expiresAtMillis: number): Promise<void>;
  body(name: string): Promise<Uint8Array | undefined>;
  putOpen(open: OpenJob): Promise<void>;
  removeOpen(id: string): Promise<void>;
  listOpen(): Promise<readonly OpenJob[]>;
}

/** What starts the work on a job in a process of its own, soon. */
export type StartJob = (job: { readonly tenant: string; readonly id: string }) => Promise<void>;
