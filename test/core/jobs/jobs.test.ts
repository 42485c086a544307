/** Jobs from their 202 to their end, whatever happens to the processes that work on them. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { FarthingError } from "../../../core/errors.ts";
import { JOB_LIMITS } from "../../../core/jobs/job.ts";
import { createJobDesk } from "../../../core/jobs/job-desk.ts";
import { jobText } from "../../../core/jobs/job-document.ts";
import { encodeRunEvent, jobEventOf, SWEEP_EVENT } from "../../../core/jobs/job-event.ts";
import { runJob } from "../../../core/jobs/run-job.ts";
import { sweepJobs } from "../../../core/jobs/sweep-jobs.ts";
import { newWebhookSecret, type WebhookMessage } from "../../../core/jobs/webhook/signed-message.ts";
import { WEBHOOK_RETRY_MILLIS } from "../../../core/jobs/webhook/webhook.ts";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";
import { NoCopies } from "../../../core/routing/wake/asleep.ts";
import type { Api, JobOutcome } from "../../../core/serving/api-dependencies.ts";
import type { Caller } from "../../../core/tenants/caller.ts";
import { NO_TERMS } from "../../../core/tenants/terms.ts";
import { fakeClock, requestTo } from "../serving/world.ts";
import { memoryJobStore } from "./memory-job-store.ts";

const CALLER = { tenant: "acme", keyHash: "hash", terms: { tenant: NO_TERMS, key: NO_TERMS } } as unknown as Caller;
const USAGE = { inputTokens: 3, outputTokens: 4, inferenceMillis: 1 };
const PRICE_USD = 0.25;
const WEBHOOK = { hosts: ["hooks.acme.example"], secret: newWebhookSecret(Buffer.alloc(24, 7)) };

type Step = "answers" | "asleep" | "down" | "limited" | "refuses" | "breaks" | "dies";

const FAILURES: Readonly<Partial<Record<Step, FarthingError>>> = {
  asleep: new FarthingError("model_not_ready", "asleep", { retryAfterSeconds: 30, cause: new NoCopies("asleep") }),
  down: new FarthingError("dependency_unavailable", "down"),
  limited: new FarthingError("rate_limited", "slow down", { retryAfterSeconds: 20 }),
  refuses: new FarthingError("invalid_field", "no"),
  breaks: new FarthingError("dependency_unavailable", "broke in the middle"),
};

/** `steps`: what happens to each run, the last one again and again. */
function world(steps: readonly Step[], receives: readonly boolean[] = []) {
  const time = fakeClock();
  const kept = memoryJobStore();
  const { store } = kept;
  const started: { readonly tenant: string; readonly id: string }[] = [];
  const start = async (job: { readonly tenant: string; readonly id: string }) => void started.push(job);
  let tokens = 0;
  const newToken = () => `t${String(tokens++).padStart(9, "0")}`;
  let runs = 0;
  let charged = 0;
  let answering = 0;
  let mostAtOnce = 0;

  const apiOf =
    (process: { isDead: boolean }): Api =>
    async (request, { job, signal }): Promise<HttpResponse> => {
      const step = steps[Math.min(runs++, steps.length - 1)] as Step;
      mostAtOnce = Math.max(mostAtOnce, ++answering);
      await new Promise<void>((resolve) => void time.clock.after(1_000, resolve));
      answering--;
      const failure = FAILURES[step];
      const isPaid = step === "answers" || step === "breaks";
      if (isPaid && !signal?.aborted) charged += PRICE_USD;
      const outcome: JobOutcome = { failure, usage: USAGE, priceUsd: isPaid ? PRICE_USD : 0 };
      if (step === "dies") {
        process.isDead = true;
        return new Promise(() => {});
      }
      job?.onOutcome(outcome);
      const body = failure === undefined ? Buffer.from(request.body).toString() : failure.code;
      return {
        status: failure?.status ?? 200,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ body }),
      };
    };

  const sent: WebhookMessage[] = [];
  const webhooks = {
    terms: { find: async (tenant: string) => (tenant === "acme" ? WEBHOOK : undefined) },
    async send(message: WebhookMessage) {
      sent.push(message);
      return (receives[Math.min(sent.length, receives.length) - 1] ?? true) as boolean;
    },
  };
  const webhookTerms = webhooks.terms;
  const desk = createJobDesk({ store, start, webhookTerms, clock: time.clock, newToken, behind: () => {} });
  /** A process of its own; one that is dead does nothing more. */
  function run(id: string): Promise<void> {
    const process = { isDead: false };
    const clock = {
      ...time.clock,
      after: (millis: number, callback: () => void) => time.clock.after(millis, () => process.isDead || callback()),
    };
    const call = { tenant: "acme", id, deadlineMillis: clock.epochMillis() + 60_000, coldStart: false };
    return runJob(call, { store, api: apiOf(process), clock, newToken, webhooks });
  }
  const take = (withinMillis?: number, headers: Record<string, string> = {}) => {
    const request = requestTo("/v1/chat/completions", { headers });
    return desk.take({ request, caller: CALLER, model: "big", withinMillis });
  };

  async function settle() {
    for (let turn = 0; turn < 60; turn++) await Promise.resolve();
  }
  /** Time passes; each minute somebody sweeps, and each start is heard `copies` times. */
  async function pass(seconds: number, copies = 1) {
    for (let second = 0; second < seconds; second++) {
      if (second % 60 === 0) await sweepJobs(time.clock.epochMillis(), { store, start });
      for (const { id } of started.splice(0)) for (let copy = 0; copy < copies; copy++) void run(id);
      await settle();
      time.pass(1_000);
      await settle();
    }
  }
  return {
    sent,
    ...kept,
    desk,
    take,
    pass,
    run,
    runs: () => runs,
    charged: () => charged,
    mostAtOnce: () => mostAtOnce,
    time,
  };
}

test("a job is run once, and its answer is kept as its protocol wrote it", async () => {
  const { take, pass, desk, runs, open, slots } = world(["answers"]);
  const { id, status } = await take();
  expect(status).toBe("queued");
  await pass(5);
  const { job, body } = await desk.find("acme", id);
  expect(job).toMatchObject({ status: "succeeded", runs: 1, usage: USAGE, priceUsd: PRICE_USD });
  expect(Buffer.from(body ?? []).toString()).toBe('{"body":"body"}');
  expect(JSON.parse(jobText(job, body))).toMatchObject({
    status: "succeeded",
    result: { status: 200, body: { body: "body" } },
  });
  expect([runs(), open.size, slots.size]).toEqual([1, 0, 0]);
});

test("numbers and streams stand in the job as they were written", () => {
  const job = { request: {}, answer: { status: 200, headers: { "content-type": "application/json" } } } as never;
  expect(jobText(job, Buffer.from('{"n":12345678901234567890}\n'))).toContain('"body":{"n":12345678901234567890}}}');
  const stream = { request: {}, answer: { status: 200, headers: { "content-type": "text/event-stream" } } } as never;
  expect(JSON.parse(jobText(stream, Buffer.from("data: 1\n\n"))).result.body).toBe("data: 1\n\n");
});

test.each<[readonly Step[], string, number]>([
  [["asleep", "asleep", "answers"], "succeeded", 3],
  [["down", "answers"], "succeeded", 2],
  [["limited", "limited", "limited", "limited", "limited", "limited", "answers"], "succeeded", 7],
  [["refuses"], "failed", 1],
  // What was delivered was charged: another try would charge it again.
  [["breaks", "answers"], "failed", 1],
  [["dies", "answers"], "succeeded", 2],
  [["down"], "failed", JOB_LIMITS.mostFailures + 1],
  [["dies"], "failed", JOB_LIMITS.mostFailures + 1],
])("%j: %s after %i runs", async (steps, status, expectedRuns) => {
  const { take, pass, desk, runs, open } = world(steps);
  const { id } = await take();
  await pass(1_200);
  const { job } = await desk.find("acme", id);
  expect([job.status, runs()]).toEqual([status, expectedRuns]);
  expect(job.error === undefined).toBe(status === "succeeded");
  expect(open.size).toBe(0);
});

test("a model that does not wake in time is an error that can be read for a day, and not for longer", async () => {
  const { take, pass, desk, time } = world(["asleep"]);
  const { id } = await take(120_000);
  await pass(300);
  const { job } = await desk.find("acme", id);
  expect(job).toMatchObject({ status: "failed", error: { code: "deadline_exceeded" } });
  time.pass(JOB_LIMITS.keptMillis);
  await expect(desk.find("acme", id)).rejects.toMatchObject({ code: "unknown_job" });
});

test("what is cancelled is not run, and what runs is told; nobody else's job is to be seen", async () => {
  const { take, pass, desk, runs, run, open } = world(["answers"]);
  const waiting = await take();
  expect(await desk.cancel("acme", waiting.id)).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
  await pass(3);
  expect([runs(), open.size]).toEqual([0, 0]);
  const running = await take();
  void run(running.id);
  await pass(0);
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
  await desk.cancel("acme", running.id);
  await pass(10);
  const { job, body } = await desk.find("acme", running.id);
  // It was done before it could be told: the price is shown, the answer is not.
  expect(job).toMatchObject({ status: "cancelled", priceUsd: PRICE_USD });
  expect(body).toBeUndefined();
  await expect(desk.find("other", running.id)).rejects.toMatchObject({ code: "unknown_job" });
  await expect(desk.cancel("other", running.id)).rejects.toMatchObject({ code: "unknown_job" });
});

test("lists are newest first, in pages", async () => {
  const { take, desk, time } = world(["answers"]);
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    ids.unshift((await take()).id);
    time.pass(10);
  }
  const first = await desk.latest("acme", 3);
  const second = await desk.latest("acme", 3, first.at(-1)?.id);
  expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  expect(await desk.latest("other", 3)).toEqual([]);
});

test("any run of events, each started any number of times: one process at a time, one end, one charge", async () => {
  const steps = fc.array(fc.constantFrom<Step>("answers", "asleep", "down", "limited", "refuses", "breaks", "dies"), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (given, copies) => {
      const { take, pass, desk, charged, mostAtOnce, open, slots } = world(given);
      const { id } = await take(900_000);
      await pass(1_500, copies);
      const { job } = await desk.find("acme", id);
      expect(["succeeded", "failed"]).toContain(job.status);
      expect(mostAtOnce()).toBe(1);
      expect(charged()).toBeLessThanOrEqual(PRICE_USD);
      expect(job.priceUsd ?? 0).toBe(charged());
      expect([open.size, slots.size]).toEqual([0, 0]);
    }),
    { numRuns: 40 },
  );
});

const HOOK = { "x-farthing-webhook": "https://hooks.acme.example/done?x=1" };

test("the end is told until somebody hears it, signed, and under one id", async () => {
  const { take, pass, desk, sent, open } = world(["answers"], [false, false, true]);
  const { id } = await take(undefined, HOOK);
  await pass(600);
  const { job } = await desk.find("acme", id);
  expect(job.webhook).toMatchObject({ state: "delivered", attempts: 3 });
  expect(open.size).toBe(0);
  expect(sent.map(({ headers }) => headers["webhook-id"])).toEqual([id, id, id]);
  const [first] = sent;
  expect(first?.url).toBe("https://hooks.acme.example/done?x=1");
  expect(JSON.parse(first?.body ?? "")).toMatchObject({ type: "job.succeeded", data: { id, status: "succeeded" } });
  const { headers = {}, body = "" } = first ?? {};
  const signed = `${id}.${headers["webhook-timestamp"]}.${body}`;
  const expected = createHmac("sha256", Buffer.alloc(24, 7)).update(signed).digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
});

test("who never hears it is given up, and the answer stays", async () => {
  const { take, pass, desk, sent, open } = world(["answers"], [false]);
  const { id } = await take(undefined, HOOK);
  await pass(WEBHOOK_RETRY_MILLIS.reduce((sum, millis) => sum + millis, 0) / 1000 + 600);
  const { job, body } = await desk.find("acme", id);
  expect(job.webhook).toMatchObject({ state: "given-up", attempts: WEBHOOK_RETRY_MILLIS.length + 1 });
  expect([sent.length, open.size, job.status]).toEqual([WEBHOOK_RETRY_MILLIS.length + 1, 0, "succeeded"]);
  expect(body).toBeDefined();
}, 60_000);

test("a cancelled job is told, too", async () => {
  const { take, pass, desk, sent } = world(["answers"], [true]);
  const { id } = await take(undefined, HOOK);
  await desk.cancel("acme", id);
  await pass(120);
  expect(sent.map(({ body }) => JSON.parse(body).type)).toEqual(["job.cancelled"]);
});

test("events are recognised, and nothing else is", () => {
  expect(jobEventOf(JSON.parse(encodeRunEvent({ tenant: "a", id: "b" })))).toEqual({
    type: "run",
    tenant: "a",
    id: "b",
  });
  expect(jobEventOf(SWEEP_EVENT)).toEqual({ type: "sweep" });
  for (const other of [null, 1, {}, { farthing: "job/1" }, { farthing: "infer/1", tenant: "a", id: "b" }]) {
    expect(jobEventOf(other)).toBeUndefined();
  }
});
