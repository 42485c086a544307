/** Where jobs are taken, shown and cancelled: for the API, on behalf of one tenant. */
import { FarthingError, show } from "../errors.ts";
import type { HttpRequest } from "../protocols/spec/http.ts";
import type { Clock } from "../serving/clock.ts";
import type { Caller } from "../tenants/caller.ts";
import { isFinal, JOB_LIMITS, type Job, jobExpiry, newJobId } from "./job.ts";
import type { JobStore, StartJob } from "./job-store.ts";
import { type OpenLimit, openWithSlot } from "./open-limit.ts";
import type { Slot } from "./slot-store.ts";
import { newWebhook, type WebhookTermsStore } from "./webhook/webhook.ts";
import { WEBHOOK_HEADER, webhookUrl } from "./webhook/webhook-url.ts";
import { writeJob } from "./write-job.ts";

export interface JobOrder {
  readonly request: HttpRequest;
  readonly caller: Caller;
  readonly model: string;
  /** Milliseconds that the caller gives it. Undefined: JOB_LIMITS.usualMillis. */
  readonly withinMillis: number | undefined;
}

export interface JobDesk {
  /**
   * When it resolves, the job is safe: it runs, or ends with an error that can be read. Throws `rate_limited` where too many are
   * open, and `dependency_unavailable`.
   */
  take(order: JobOrder): Promise<Job>;
  /** Throws `unknown_job`, for those of other tenants too. */
  find(tenant: string, id: string): Promise<{ readonly job: Job; readonly body: Uint8Array | undefined }>;
  /** Newest first. */
  latest(tenant: string, limit: number, before?: string): Promise<readonly Job[]>;
  /** A job that is final stays as it is. */
  cancel(tenant: string, id: string): Promise<Job>;
}

export interface JobDeskParts {
  readonly store: JobStore;
  readonly start: StartJob;
  readonly webhookTerms: WebhookTermsStore;
  readonly clock: Clock;
  /** 60 random bits or more, lower-case letters and digits. */
  newToken(): string;
  /** Work behind an answer; it never rejects. */
  behind(work: Promise<unknown>): void;
}

/** What a request's answer depends on; who sent it and how long they wait is none of it. */
const KEPT_HEADERS: readonly string[] = [
  "content-type",
  "accept",
  "cache-control",
  "inference-header-content-length",
  "x-farthing-explain",
];

const CANCEL_ATTEMPTS = 10;
/** A job that nobody works on after so long was not started: it is swept up. */
const STARTED_WITHIN_MILLIS = 30_000;
const JOB_ID = /^job_[0-9a-z]{9,60}$/;

export function createJobDesk({ store, start, webhookTerms, clock, newToken, behind }: JobDeskParts): JobDesk {
  async function known(tenant: string, id: string): Promise<Job> {
    const job = JOB_ID.test(id) ? await store.find(tenant, id) : undefined;
    if (job !== undefined && jobExpiry(job) > clock.epochMillis()) return job;
    throw new FarthingError("unknown_job", `There is no job ${show(id)}; jobs are kept for a day after their end.`);
  }

  return {
    async take({ request, caller, model, withinMillis }) {
      const asked = request.headers[WEBHOOK_HEADER];
      const webhook =
        asked === undefined ? undefined : newWebhook(webhookUrl(asked, await webhookTerms.find(caller.tenant)));
      const now = clock.epochMillis();
      const id = newJobId(now, newToken());
      const deadlineMillis = now + Math.min(withinMillis ?? JOB_LIMITS.usualMillis, JOB_LIMITS.longestMillis);
      const job: Job = {
        id,
        tenant: caller.tenant,
        keyHash: caller.keyHash,
        model,
        status: "queued",
        revision: 1,
        mark: newToken(),
        request: {
          method: request.method,
          path: request.path,
          query: request.query,
          headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => KEPT_HEADERS.includes(name))),
          body: `${caller.tenant}/${id}/request`,
        },
        createdAtMillis: now,
        deadlineMillis,
        notBeforeMillis: now,
        runs: 0,
        failures: 0,
        ...(webhook && { webhook }),
      };
      await openWithSlot({ tenant: job.tenant, id, keyHash: job.keyHash }, limitsOf(caller), {
        dueAtMillis: now + STARTED_WITHIN_MILLIS,
        open: store,
        slots: store,
      });
      await store.putBody(job.request.body, request.body, jobExpiry(job));
      if ((await store.put(job)) === "refused" && (await store.find(job.tenant, id))?.mark !== job.mark) {
        throw new Error(`two jobs have the id ${id}`);
      }
      // Whoever sweeps starts it when this fails.
      behind(start({ tenant: job.tenant, id }));
      return job;
    },
    async find(tenant, id) {
      const job = await known(tenant, id);
      return { job, body: job.answer && (await store.body(job.answer.body)) };
    },
    async latest(tenant, limit, before) {
      const now = clock.epochMillis();
      return (await store.latest(tenant, limit, before)).filter((job) => jobExpiry(job) > now);
    },
    async cancel(tenant, id) {
      for (let attempt = 1; attempt <= CANCEL_ATTEMPTS; attempt++) {
        const job = await known(tenant, id);
        if (isFinal(job)) return job;
        const error = { code: "cancelled", message: "The job was cancelled by its tenant." } as const;
        const change = { status: "cancelled", finishedAtMillis: clock.epochMillis(), error } as const;
        const cancelled = await writeJob(job, change, newToken(), store);
        if (cancelled === undefined) continue;
        await store.removeSlot(tenant, id);
        if (cancelled.webhook === undefined) await store.removeOpen(id);
        else behind(start({ tenant, id }));
        return cancelled;
      }
      throw new FarthingError("overloaded", "The job changes too fast to be cancelled; try again.", {
        retryAfterSeconds: 1,
      });
    },
  };
}

function limitsOf({ keyHash, terms }: Caller): readonly OpenLimit[] {
  const ofTenant = terms.tenant.limits.openJobs ?? JOB_LIMITS.mostOpen;
  const ofKey = terms.key.limits.openJobs;
  const message = (bearer: string, most: number): string =>
    `The limit of ${bearer} is ${most} jobs that are queued or running, which is reached. Wait for one to end, or cancel one.`;
  return [
    { most: ofTenant, message: message("your account", ofTenant) },
    ...(ofKey === undefined
      ? []
      : [
          {
            most: ofKey,
            counts: (slot: Slot) => slot.keyHash === keyHash,
            message: message("this API key", ofKey),
          },
        ]),
  ];
}
