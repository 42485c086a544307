/** A request that is answered later: taken with a 202, run when its model can, its answer kept to be fetched. */
import type { ErrorCode } from "../errors.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import type { JobWebhook } from "./webhook/webhook.ts";

/** The last three are final. */
export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Job {
  readonly id: string;
  readonly tenant: string;
  /** Of the key that asked: its scopes, budget and limits hold when the job runs, and a key that is revoked by then opens nothing. */
  readonly keyHash: string;
  readonly model: string;
  readonly status: JobStatus;
  /** One more with every write; a writer who read an older one is refused. */
  readonly revision: number;
  /** Of the write itself: whose reply was lost can see whether it was taken. */
  readonly mark: string;
  readonly request: JobRequest;
  readonly createdAtMillis: number;
  /** It ends by then, with an answer or without. */
  readonly deadlineMillis: number;
  /** It does not begin before. */
  readonly notBeforeMillis: number;
  /** When it first began. */
  readonly startedAtMillis?: number;
  /** Who works on it, as long as `untilMillis` is renewed. */
  readonly run?: { readonly token: string; readonly untilMillis: number };
  /** Times that it began, and how many of them ended in a failure that another try may not have. */
  readonly runs: number;
  readonly failures: number;
  readonly finishedAtMillis?: number;
  readonly answer?: JobAnswer;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  /** What it used, and USD that it cost; also of one that failed or was cancelled. */
  readonly usage?: InferenceUsage;
  readonly priceUsd?: number;
  /** Whom its end is told. */
  readonly webhook?: JobWebhook;
}

/** The HTTP request, without what says who sent it and how long they wait. */
export interface JobRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the kept body. */
  readonly body: string;
}

/** The HTTP answer, as its protocol would have sent it. */
export interface JobAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const JOB_LIMITS = {
  /** For callers who name no deadline. */
  usualMillis: 3_600_000,
  longestMillis: 24 * 3_600_000,
  /** After its end, a job and its answer can be read for so long. */
  keptMillis: 24 * 3_600_000,
  /** A process that works on a job and says nothing for so long is dead. */
  leaseMillis: 60_000,
  /** Failures of ours, after which a job fails for good. A model that sleeps, or a limit that is reached, is none of them. */
  mostFailures: 4,
  /** Of one tenant, that are not final; a tenant's or a key's own limits say otherwise (core/tenants/terms.ts). */
  mostOpen: 200,
} as const;

const FINAL: ReadonlySet<JobStatus> = new Set(["succeeded", "failed", "cancelled"]);
export const isFinal = ({ status }: Pick<Job, "status">): boolean => FINAL.has(status);

/** When everything of the job may go. */
export const jobExpiry = ({ finishedAtMillis, deadlineMillis }: Job): number =>
  (finishedAtMillis ?? deadlineMillis) + JOB_LIMITS.keptMillis;

/** When there is something to do about it, should nobody do it already. */
export const dueAtMillis = ({ run, notBeforeMillis }: Job): number => run?.untilMillis ?? notBeforeMillis;

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_DIGITS = 9;

/** Ids sort by their time. `random`: letters and digits that nobody guesses. */
export function newTimedId(prefix: string, nowMillis: number, random: string): string {
  let text = "";
  for (let rest = nowMillis; text.length < TIME_DIGITS; rest = Math.floor(rest / DIGITS.length)) {
    text = (DIGITS[rest % DIGITS.length] as string) + text;
  }
  return `${prefix}${text}${random}`;
}

export const newJobId = (nowMillis: number, random: string): string => newTimedId("job_", nowMillis, random);
