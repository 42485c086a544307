/** Many processes take jobs of one tenant at the same moment, and some of them die in the middle of it. */
import fc from "fast-check";
import { isFarthingError } from "../../../core/errors.ts";
import { isFinal, JOB_LIMITS } from "../../../core/jobs/job.ts";
import { createJobDesk } from "../../../core/jobs/job-desk.ts";
import type { JobStore } from "../../../core/jobs/job-store.ts";
import { runJob } from "../../../core/jobs/run-job.ts";
import { sweepJobs } from "../../../core/jobs/sweep-jobs.ts";
import type { Caller } from "../../../core/tenants/caller.ts";
import { type Limits, NO_TERMS } from "../../../core/tenants/terms.ts";
import { fakeClock, requestTo } from "../serving/world.ts";
import { memoryJobStore } from "./memory-job-store.ts";

const callerWith = (limits: { tenant?: Limits; key?: Limits }, keyHash = "hash") =>
  ({
    tenant: "acme",
    keyHash,
    terms: { tenant: { ...NO_TERMS, limits: limits.tenant ?? {} }, key: { ...NO_TERMS, limits: limits.key ?? {} } },
  }) as unknown as Caller;

function world() {
  const time = fakeClock();
  const kept = memoryJobStore();
  let tokens = 0;
  const newToken = () => `t${String(tokens++).padStart(9, "0")}`;
  const webhookTerms = { find: async () => undefined };
  const start = async () => {};

  /** A process whose steps to the store take as long as `pauses` says, in turns, and which dies at one of them. */
  function process(pauses: readonly number[] = [0], diesAt = Number.POSITIVE_INFINITY) {
    let steps = 0;
    const store = new Proxy(kept.store, {
      get: (target, name: keyof JobStore) =>
        (async (...args: never[]) => {
          const step = steps++;
          for (let turn = pauses[step % pauses.length] ?? 0; turn > 0; turn--) await Promise.resolve();
          if (step >= diesAt) return new Promise(() => {});
          return (target[name] as (...args: never[]) => Promise<unknown>)(...args);
        }) as never,
    });
    const desk = createJobDesk({ store, start, webhookTerms, clock: time.clock, newToken, behind: () => {} });
    return {
      desk,
      take: (caller: Caller) =>
        desk.take({ request: requestTo("/v1/chat/completions"), caller, model: "big", withinMillis: undefined }),
    };
  }

  /** Time passes, and whoever sweeps runs what is due. */
  async function swept() {
    time.pass(60_000);
    const due: string[] = [];
    await sweepJobs(time.clock.epochMillis(), { store: kept.store, start: async ({ id }) => void due.push(id) });
    const api = async () => ({ status: 200, headers: {}, body: "{}" });
    const webhooks = { terms: webhookTerms, send: async () => true };
    for (const id of due) {
      const call = { tenant: "acme", id, deadlineMillis: time.clock.epochMillis() + 60_000, coldStart: false };
      await runJob(call, { store: kept.store, api, clock: time.clock, newToken, webhooks });
    }
  }
  return { ...kept, process, swept };
}

test("together they never admit more than the limit, and nothing counts that is not there", async () => {
  const taker = fc.record({
    pauses: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 6 }),
    diesAt: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 6 })),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(taker, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (takers, openJobs) => {
        const { process, swept, jobs, slots, open } = world();
        const caller = callerWith({ tenant: { openJobs } });
        for (const { pauses, diesAt } of takers) {
          process(pauses, diesAt)
            .take(caller)
            .catch((error: unknown) => {
              if (!isFarthingError(error) || error.code !== "rate_limited") throw error;
            });
        }
        for (let turn = 0; turn < 200; turn++) await Promise.resolve();
        const taken = [...jobs.values()].filter((job) => !isFinal(job));
        expect(taken.length).toBeLessThanOrEqual(openJobs);
        await swept();
        expect([...jobs.values()].every(isFinal)).toBe(true);
        expect([slots.size, open.size]).toEqual([0, 0]);
        for (let index = 0; index < openJobs; index++) await process().take(caller);
        await expect(process().take(caller)).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 30 });
      },
    ),
    { numRuns: 200 },
  );
});

test("who cancels may take another one; a key has a limit of its own; without one it is the usual number", async () => {
  const { process, slots } = world();
  const { take, desk } = process();
  const mine = callerWith({ key: { openJobs: 1 } });
  const { id } = await take(mine);
  await expect(take(mine)).rejects.toThrow("The limit of this API key is 1 jobs that are queued or running");
  await take(callerWith({}, "another key"));
  await desk.cancel("acme", id);
  await take(mine);
  while (slots.size < JOB_LIMITS.mostOpen) await take(callerWith({}, "another key"));
  await expect(take(callerWith({}, "another key"))).rejects.toThrow(`of your account is ${JOB_LIMITS.mostOpen} jobs`);
  await take(callerWith({ tenant: { openJobs: JOB_LIMITS.mostOpen + 1 } }, "another key"));
});
