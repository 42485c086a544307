/**
 * What admission adds to a request of a warm environment (key check, lease, settlement, headers: measured), and how many writes
 * to DynamoDB it takes (simulated traffic, the protocol itself, a store that takes 4 ms).
 */
import { systemClock } from "../adapters/system-clock.ts";
import { createAdmission } from "../core/metering/admission-by-leases.ts";
import { createMemoryAccountStore } from "../core/metering/leases/memory-account-store.ts";
import { createAuthenticator } from "../core/tenants/authenticator.ts";
import { issueKey } from "../core/tenants/issue-key.ts";
import { newTenant } from "../core/tenants/tenant.ts";
import type { Budget, Terms } from "../core/tenants/terms.ts";
import { simulateTraffic, type Traffic, type TrafficResult } from "./admission/simulated-traffic.ts";
import { quantile } from "./measurement.ts";
import type { Report } from "./report.ts";

const usd = (amount: number): Budget => ({ picodollars: BigInt(amount) * 10n ** 12n, enforcement: "hard" });

/** Every kind of bound at once. */
const TERMS: Terms = {
  budgets: { daily: usd(50), monthly: usd(1_000) },
  limits: { requestsPerSecond: 400, tokensPerMinute: 4_000_000, concurrency: 200 },
};

const BUSY: Traffic = {
  environments: 8,
  requestsPerSecond: 200,
  seconds: 120,
  terms: TERMS,
  maximumPricePicodollars: 20_000_000n,
  pricePicodollars: 2_000_000n,
  serviceMillis: 10,
};

const SLOW: Traffic = { ...BUSY, environments: 2, requestsPerSecond: 1 / 60, seconds: 6 * 3_600 };

/** Many environments that all start at once, each asked once a second: what a crowd costs, and whom it turns away. */
const crowd = (environments: number): Traffic => ({
  ...BUSY,
  environments,
  requestsPerSecond: environments,
  seconds: 20,
  terms: {
    ...TERMS,
    limits: {
      requestsPerSecond: 2 * environments,
      tokensPerMinute: 2 * environments * 60 * 100,
      concurrency: 4 * environments,
    },
  },
  serviceMillis: 100,
});

const CROWDS = [256, 512, 1_000] as const;

const GOALS = { microseconds: 30, writesPerThousand: 20, writesPerSlowRequest: 3 } as const;

export async function run(): Promise<Report> {
  const added = await measureAdded();
  const money = await simulateTraffic({ ...BUSY, terms: { ...TERMS, limits: {} } });
  const busy = await simulateTraffic(BUSY);
  const slow = await simulateTraffic(SLOW);
  const crowds: CrowdResult[] = [];
  for (const environments of CROWDS) {
    const all = await simulateTraffic(crowd(environments));
    const budgets = await simulateTraffic({ ...crowd(environments), terms: { ...TERMS, limits: {} } });
    crowds.push({ environments, all, budgets });
  }
  const [p50, p99] = [quantile(added, 0.5), quantile(added, 0.99)];
  const perThousand = (1_000 * busy.writes) / busy.admitted;
  const perThousandMoney = (1_000 * money.writes) / money.admitted;
  const perSlow = slow.writes / slow.admitted;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return {
    title: "Admission: budgets and limits by leases",
    columns: ["what", "value", "goal"],
    rows: [
      ["added to a warm request, p50", `${p50.toFixed(1)} µs`, `≤ ${GOALS.microseconds} µs`],
      ["added to a warm request, p99", `${p99.toFixed(1)} µs`, ""],
      [
        "writes per 1,000 requests: 200/s, 8 environments, all bounds",
        perThousand.toFixed(1),
        `≤ ${GOALS.writesPerThousand}`,
      ],
      ["the same, budgets only", perThousandMoney.toFixed(1), `≤ ${GOALS.writesPerThousand}`],
      ["reads per 1,000 requests", ((1_000 * busy.reads) / busy.admitted).toFixed(1), ""],
      ["requests that waited for no store", percent(busy.warmShare), ""],
      ["refused, at half of its rate limit", String(busy.refused), "0"],
      ...crowds.flatMap(({ environments, all, budgets }) => [
        [
          `refused, ${environments} environments at once: all bounds, budgets only`,
          `${all.refused}, ${budgets.refused}`,
          "0",
        ],
        [
          `writes per 1,000 requests, ${environments} environments: all bounds, budgets only`,
          `${perThousandOf(all).toFixed(0)}, ${perThousandOf(budgets).toFixed(0)}`,
          "",
        ],
      ]),
      ["writes per request: one a minute", perSlow.toFixed(2), `≤ ${GOALS.writesPerSlowRequest}`],
    ],
    notes: [
      "Measured: authenticate, admit, headers and settle of one request with daily and monthly budgets and three limits, in memory.",
      `Simulated: ${busy.requests} and ${slow.requests} requests, Poisson arrivals, refused writes counted.`,
    ],
    figures: {
      admission_added_p50_us: round(p50),
      admission_added_p99_us: round(p99),
      writes_per_1000_requests: round(perThousand),
      writes_per_1000_requests_budgets_only: round(perThousandMoney),
      writes_per_request_slow: round(perSlow),
      warm_share: round(busy.warmShare),
      refused: busy.refused,
      ...Object.fromEntries(
        crowds.flatMap(({ environments, all, budgets }) => [
          [`refused_${environments}_environments`, all.refused + budgets.refused],
          [`writes_per_1000_requests_${environments}_environments`, round(perThousandOf(all))],
        ]),
      ),
    },
  };
}

interface CrowdResult {
  readonly environments: number;
  readonly all: TrafficResult;
  readonly budgets: TrafficResult;
}

const perThousandOf = ({ writes, admitted }: TrafficResult): number => (1_000 * writes) / admitted;

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

const WARM_UP = 20_000;
const ROUNDS = 100_000;

/** Microseconds of each request. */
async function measureAdded(): Promise<readonly number[]> {
  const at = new Date().toISOString();
  const { key, record } = issueKey({ tenant: "acme", name: "bench", randomBytes: Buffer.alloc(32, 7), at });
  const tenant = { ...newTenant("acme", at), terms: TERMS };
  const authenticator = createAuthenticator({
    keys: { find: async () => record },
    tenants: { find: async () => tenant },
    clock: systemClock.epochMillis,
  });
  let names = 0;
  const admission = createAdmission({
    store: createMemoryAccountStore(),
    clock: systemClock,
    newLeaseId: () => `L${names++}`,
    random: Math.random,
  });
  const headers = { authorization: `Bearer ${key}` };
  const samples: number[] = [];
  for (let request = -WARM_UP; request < ROUNDS; request++) {
    const started = process.hrtime.bigint();
    const caller = authenticator.authenticate(headers);
    const known = caller instanceof Promise ? await caller : caller;
    if (known.type !== "known") throw new Error("the key is not known");
    const admitted = admission.admit({
      tenant: known.tenant,
      keyHash: known.keyHash,
      terms: UNHURRIED,
      requestId: "r",
      maximumPricePicodollars: 1_000_000n,
      estimatedTokens: 1,
      deadlineMillis: systemClock.epochMillis() + 30_000,
      stream: false,
    });
    const grant = admitted instanceof Promise ? await admitted : admitted;
    grant.headers();
    grant.settle(1_000n, 1);
    const nanos = Number(process.hrtime.bigint() - started);
    if (request >= 0) samples.push(nanos / 1_000);
  }
  return samples;
}

/** The same checks with limits that a loop does not reach. */
const UNHURRIED = {
  tenant: { ...TERMS, limits: { requestsPerSecond: 1e7, tokensPerMinute: 1e9, concurrency: 200 } },
  key: { budgets: {}, limits: { requestsPerSecond: 1e7 } },
} as const;
