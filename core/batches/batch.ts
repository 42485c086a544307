/**
 * Many requests in a file, answered within a day, on the same endpoints as any others. What is written here is what a batch
 * is after any of its steps: a process that dies loses at most the step that it was in.
 */
import type { FilePart } from "../files/file.ts";

/** The last four are final. */
export type BatchStatus =
  | "validating"
  | "in_progress"
  | "finalizing"
  | "cancelling"
  | "failed"
  | "completed"
  | "expired"
  | "cancelled";

export const BATCH_ENDPOINTS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"] as const;
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number];

export interface Batch {
  readonly id: string;
  readonly tenant: string;
  /** Of the key that asked: its scopes, budget and limits hold for each line, and a key that is revoked opens nothing. */
  readonly keyHash: string;
  readonly endpoint: BatchEndpoint;
  readonly inputFile: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** Of the files that it writes, from its beginning. Absent: as long as files are kept. */
  readonly outputKeptMillis?: number;
  readonly status: BatchStatus;
  /** One more with every write; a writer who read an older one is refused. */
  readonly revision: number;
  readonly createdAtMillis: number;
  /** What is not answered by then stays so. */
  readonly expiresAtMillis: number;
  /** When it came to stand where it stands, for each state that it was in. */
  readonly times: Readonly<Partial<Record<BatchStatus, number>>>;
  /** Who works on it, as long as `untilMillis` is renewed. */
  readonly run?: { readonly token: string; readonly untilMillis: number } | undefined;
  /** It is not worked on before. */
  readonly notBeforeMillis: number;
  /** Lines with something in them. */
  readonly lines: number;
  /** Where the next lines begin. */
  readonly next: { readonly byte: number; readonly line: number };
  /** Lines before `next` that wait for another try. */
  readonly again: readonly AgainLine[];
  /** When work on the next lines was first begun: their usage is of this time, however often it is told. */
  readonly stepAtMillis: number;
  readonly completed: number;
  readonly failed: number;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly priceUsd: number;
  readonly output: readonly FilePart[];
  readonly errors: readonly FilePart[];
  /** Why it failed as a whole. */
  readonly problems?: readonly BatchProblem[];
  readonly outputFile?: string;
  readonly errorFile?: string;
}

export interface AgainLine {
  readonly byte: number;
  readonly bytes: number;
  readonly line: number;
  /** Tries that ended in a failure of ours. */
  readonly failures: number;
}

export interface BatchProblem {
  readonly code: string;
  readonly message: string;
  /** From 1 on. */
  readonly line: number | undefined;
}

export const BATCH_LIMITS = {
  windowMillis: 24 * 3_600_000,
  mostLines: 50_000,
  mostLineBytes: 4 * 1024 * 1024,
  /** Of one tenant, that are not final. */
  mostOpen: 20,
  /** A process that works on a batch and says nothing for so long is dead. */
  leaseMillis: 60_000,
  /** Requests at once, of one batch: it runs beside those that somebody waits for. */
  concurrency: 4,
  /** Failures of ours, after which a line fails for good. */
  mostFailures: 4,
  /** After its end a batch can be read for so long, as its files. */
  keptMillis: 30 * 86_400_000,
} as const;

const FINAL: ReadonlySet<BatchStatus> = new Set(["failed", "completed", "expired", "cancelled"]);
export const isFinal = ({ status }: Pick<Batch, "status">): boolean => FINAL.has(status);

export const dueAtMillis = ({ run, notBeforeMillis }: Batch): number => run?.untilMillis ?? notBeforeMillis;

const BATCH_ID = /^batch_[0-9a-z]{9,60}$/;
export const isBatchId = (text: string): boolean => BATCH_ID.test(text);

/** Lines that are worked on between two writes: the record stays small, and little is done again after a death. */
export const stepLines = (lines: number): number => Math.max(16, Math.ceil(lines / 200));
