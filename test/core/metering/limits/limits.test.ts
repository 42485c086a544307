/** Limits over several environments and any arrivals: never more than allowed, and not much less. */

import { seededRandom } from "../../../../bench/seeded-random.ts";
import type { Grant } from "../../../../core/metering/admission.ts";
import { duration } from "../../../../core/metering/limits/rate-headers.ts";
import type { Limits } from "../../../../core/tenants/terms.ts";
import { admissionWorld } from "../admission-world.ts";

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);
const SECONDS = 25;

/** Arrivals at `perSecond` on `count` environments, of unequal popularity; what was let in, and when. */
async function traffic(
  seed: number,
  limits: Limits,
  { count, perSecond, tokens, millis }: { count: number; perSecond: number; tokens: number; millis: number },
) {
  const random = seededRandom(seed);
  const world = admissionWorld();
  const environments = Array.from({ length: count }, () => world.environment());
  const of = { budgets: {}, limits };
  const admitted: number[] = [];
  let running: { readonly until: number; readonly grant: Grant }[] = [];
  let most = 0;
  const start = world.now();
  while (world.now() < start + SECONDS * 1000) {
    world.pass((-1000 * Math.log(1 - random())) / perSecond);
    for (const { grant } of running.filter(({ until }) => until <= world.now())) grant.settle(0n, tokens);
    running = running.filter(({ until }) => until > world.now());
    const environment = environments[Math.floor(random() ** 2 * count)];
    const grant = await Promise.resolve(environment?.admit(world.demand({ of, estimatedTokens: tokens }))).catch(
      (error) => {
        expect(error).toMatchObject({ code: "rate_limited" });
        return undefined;
      },
    );
    if (grant !== undefined) {
      admitted.push((world.now() - start) / 1000);
      running.push({ until: world.now() + millis * random() * 2, grant });
      most = Math.max(most, running.length);
    }
    for (const each of environments) await each.settled();
  }
  return { admitted, most, calls: world.calls };
}

/** Of all windows of time, the largest excess over the rate. */
function burst(admitted: readonly number[], perSecond: number): number {
  let worst = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [index, at] of admitted.entries()) {
    lowest = Math.min(lowest, index - perSecond * at);
    worst = Math.max(worst, index + 1 - perSecond * at - lowest);
  }
  return worst;
}

test.each(SEEDS)("requests per second hold over environments (seed %i)", async (seed) => {
  const rate = [3, 20, 100][seed % 3] as number;
  const count = 1 + (seed % 5);
  const { admitted } = await traffic(
    seed,
    { requestsPerSecond: rate },
    { count, perSecond: 3 * rate, tokens: 1, millis: 1 },
  );
  // One second's worth in the account, one in the leases, and one request of each environment.
  expect(burst(admitted, rate)).toBeLessThanOrEqual(2 * rate + count + 1);
  expect(admitted.length).toBeGreaterThan((rate < 2 * count ? 0.6 : 0.85) * rate * SECONDS);
});

test.each(SEEDS.slice(0, 6))("below its limit nobody is refused for long (seed %i)", async (seed) => {
  const rate = 40;
  const limits = { requestsPerSecond: rate, tokensPerMinute: rate * 60 * 100, concurrency: 60 };
  const asked = 0.5 * rate;
  const { admitted, calls } = await traffic(seed, limits, { count: 4, perSecond: asked, tokens: 100, millis: 20 });
  expect(admitted.length).toBeGreaterThan(0.9 * asked * SECONDS);
  expect(calls.writes).toBeLessThan(0.2 * admitted.length);
});

test.each(SEEDS.slice(0, 6))("tokens per minute hold over environments (seed %i)", async (seed) => {
  const perMinute = 6_000;
  const tokens = 50;
  const { admitted } = await traffic(
    seed,
    { tokensPerMinute: perMinute },
    { count: 3, perSecond: 10, tokens, millis: 1 },
  );
  // A minute's worth in the account, another in the leases.
  expect(burst(admitted, perMinute / 60 / tokens) * tokens).toBeLessThanOrEqual(2 * perMinute + 3 * tokens);
  expect(admitted.length * tokens).toBeGreaterThan(perMinute);
});

test.each(SEEDS.slice(0, 6))("concurrency holds over environments (seed %i)", async (seed) => {
  const concurrency = 2 + (seed % 5);
  const { most, admitted } = await traffic(seed, { concurrency }, { count: 4, perSecond: 60, tokens: 1, millis: 200 });
  expect(most).toBeLessThanOrEqual(concurrency);
  expect(admitted.length).toBeGreaterThan(100);
});

test.each([
  [0, "0ms"],
  [0.0123, "13ms"],
  [1, "1s"],
  [1.5, "1.5s"],
  [59.9999, "1m0s"],
  [360, "6m0s"],
  [3_725, "1h2m5s"],
])("%d s is written as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
