/**
 * The work on one job: the same request, through the same door as any other, on behalf of the key that asked. One process works on
 * a job at a time (a lease that it renews, fenced by the job's revision), and what it says last counts only if it still has it.
 */
import { ERRORS, type FarthingError } from "../errors.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import { isAsleep } from "../routing/wake/asleep.ts";
import type { Api, JobOutcome } from "../serving/api-dependencies.ts";
import type { Clock } from "../serving/clock.ts";
import { isStream } from "../serving/counted-body.ts";
import { dueAtMillis, isFinal, JOB_LIMITS, type Job, jobExpiry } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import { closeWithSlot } from "./open-limit.ts";
import { tendedRun } from "./tended-run.ts";
import { deliverWebhook, type WebhookParts } from "./webhook/deliver-webhook.ts";
import { writeJob } from "./write-job.ts";

export interface JobRunnerParts {
  readonly store: JobStore;
  readonly api: Api;
  readonly clock: Clock;
  newToken(): string;
  readonly webhooks: WebhookParts;
}

export interface RunCall {
  readonly tenant: string;
  readonly id: string;
  /** Of this process. */
  readonly deadlineMillis: number;
  readonly coldStart: boolean;
}

/** A wake-up that is this near is waited for by the process that has the job in its hands. */
const SHORT_WAIT_MILLIS = 15_000;
/** A model that sleeps is looked at again after this long, at the latest. */
const LONGEST_WAIT_MILLIS = 60_000;
const FIRST_RETRY_MILLIS = 5_000;

type Ending =
  | { readonly type: "later"; readonly atMillis: number; readonly isFailure: boolean }
  | {
      readonly type: "final";
      readonly response: HttpResponse;
      readonly bytes: Uint8Array;
      readonly failure: FarthingError | undefined;
    };

export async function runJob(call: RunCall, parts: JobRunnerParts): Promise<void> {
  const { store, api, clock, newToken } = parts;
  const found = await store.find(call.tenant, call.id);
  if (found === undefined) return closeWithSlot(call, store, store);
  if (isFinal(found)) return ended(found, parts);
  const now = clock.epochMillis();
  if (now >= found.deadlineMillis)
    return failed(found, "deadline_exceeded", "The job's time was over before it had an answer.");
  if (now < dueAtMillis(found)) return;
  // Whoever had it is dead, and what it did is not known: that is a failure, too.
  const failures = found.failures + (found.run === undefined ? 0 : 1);
  if (failures > JOB_LIMITS.mostFailures)
    return failed(found, "internal", "The job failed for reasons on our side, again and again.");
  const token = newToken();
  const claimed = await writeJob(
    found,
    {
      status: "running",
      run: { token, untilMillis: now + JOB_LIMITS.leaseMillis },
      startedAtMillis: found.startedAtMillis ?? now,
      runs: found.runs + 1,
      failures,
    },
    newToken(),
    store,
  );
  if (claimed === undefined) return;
  await store.putOpen({ tenant: claimed.tenant, id: claimed.id, dueAtMillis: dueAtMillis(claimed) });
  const body = await store.body(claimed.request.body);
  if (body === undefined) return failed(claimed, "internal", "The job's request was lost.");

  const tended = tendedRun(claimed, { store, clock, newToken });
  const outcomes: JobOutcome[] = [];
  const ending = await answered(claimed, body, tended.signal, outcomes);
  const held = await tended.end();
  const used = outcomes.at(-1);
  const charge = used && { usage: used.usage, priceUsd: used.priceUsd };
  if (held.status === "cancelled") {
    await writeJob(held, charge ?? {}, newToken(), store);
    return;
  }
  if (held.run?.token !== token) return;
  if (ending.type === "later" && ending.atMillis < held.deadlineMillis) {
    const { run: _, ...rest } = held;
    const failuresNow = held.failures + (ending.isFailure ? 1 : 0);
    const queued = { ...rest, status: "queued", notBeforeMillis: ending.atMillis, failures: failuresNow } as const;
    if ((await writeJob(queued, {}, newToken(), store)) === undefined) return;
    await store.putOpen({ tenant: held.tenant, id: held.id, dueAtMillis: ending.atMillis });
    return;
  }
  if (ending.type === "later") {
    return failed(held, "deadline_exceeded", "The job's time was over before its model could answer.", charge);
  }
  await finished(held, ending, charge ?? {});

  async function answered(job: Job, requestBody: Uint8Array, signal: AbortSignal, seen: JobOutcome[]): Promise<Ending> {
    const deadlineMillis = Math.min(call.deadlineMillis, job.deadlineMillis);
    for (let attempt = 1; ; attempt++) {
      const response = await api(
        { ...job.request, body: requestBody },
        {
          requestId: `${job.id}.${job.runs}${attempt > 1 ? `.${attempt}` : ""}`,
          deadlineMillis,
          signal,
          coldStart: call.coldStart && attempt === 1,
          job: { keyHash: job.keyHash, onOutcome: (outcome) => seen.push(outcome) },
        },
      );
      const bytes = await collected(response);
      const outcome = seen.at(-1);
      const failure = outcome?.failure;
      const ending: Ending = { type: "final", response, bytes, failure };
      if (failure === undefined || !ERRORS[failure.code].retryable || (outcome?.priceUsd ?? 0) > 0) return ending;
      const { waitMillis, isFailure } = whenAgain(failure, job.failures);
      const atMillis = clock.epochMillis() + waitMillis;
      if (isFailure && job.failures + 1 > JOB_LIMITS.mostFailures) return ending;
      if (isFailure || waitMillis > SHORT_WAIT_MILLIS || atMillis >= deadlineMillis || signal.aborted) {
        return { type: "later", atMillis, isFailure };
      }
      await new Promise<void>((resolve) => void clock.after(waitMillis, resolve));
    }
  }

  async function finished(
    job: Job,
    { response, bytes, failure }: Extract<Ending, { readonly type: "final" }>,
    charge: Partial<Job>,
  ): Promise<void> {
    const { run: _, ...rest } = job;
    const finishedAtMillis = clock.epochMillis();
    const name = `${job.tenant}/${job.id}/${token}`;
    const done: Job = {
      ...rest,
      status: failure === undefined ? "succeeded" : "failed",
      finishedAtMillis,
      answer: { status: response.status, headers: response.headers, body: name },
      ...(failure && { error: { code: failure.code, message: failure.message } }),
      ...charge,
    };
    await store.putBody(name, bytes, jobExpiry(done));
    const written = await writeJob(done, {}, newToken(), store);
    if (written !== undefined) await ended(written, parts);
  }

  async function failed(
    job: Job,
    code: "deadline_exceeded" | "internal",
    message: string,
    charge: Partial<Job> = {},
  ): Promise<void> {
    const { run: _, ...rest } = job;
    const change = {
      status: "failed",
      error: { code, message },
      finishedAtMillis: clock.epochMillis(),
      ...charge,
    } as const;
    const written = await writeJob(rest, change, newToken(), store);
    if (written !== undefined) await ended(written, parts);
  }
}

async function ended(job: Job, { store, webhooks, clock, newToken }: JobRunnerParts): Promise<void> {
  // A receiver that does not answer keeps nobody from new jobs.
  await store.removeSlot(job.tenant, job.id);
  await deliverWebhook(job, { store, webhooks, newToken, nowMillis: clock.epochMillis });
}

function whenAgain(
  failure: FarthingError,
  failures: number,
): { readonly waitMillis: number; readonly isFailure: boolean } {
  const asked = (failure.retryAfterSeconds ?? 0) * 1000;
  const isFailure = !isAsleep(failure) && failure.status !== 429;
  const waitMillis = isFailure ? Math.max(asked, FIRST_RETRY_MILLIS * 3 ** failures) : Math.max(asked, 1_000);
  return { waitMillis: Math.min(waitMillis, LONGEST_WAIT_MILLIS), isFailure };
}

async function collected({ body }: HttpResponse): Promise<Uint8Array> {
  if (!isStream(body)) return typeof body === "string" ? Buffer.from(body) : body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
