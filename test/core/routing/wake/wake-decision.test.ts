import fc from "fast-check";
import { decideWake, type WakeFacts } from "../../../../core/routing/wake/wake-decision.ts";
import { JOB_WISHES, type Wishes } from "../../../../core/routing/wake/wishes.ts";

const NONE: Wishes = { respondAsync: false, waitMillis: undefined, hasDeadline: false, insists: false };
const FACTS: WakeFacts = {
  wishes: NONE,
  remainingMillis: 60_000,
  leftSeconds: 10,
  hasSeat: true,
  hasStandIn: false,
  takesJobs: true,
};

interface Row {
  readonly when: string;
  readonly wishes?: Partial<Wishes>;
  readonly facts?: Partial<WakeFacts>;
  readonly then: string;
}

/** `hold 57 refuse`: for so many seconds, and what follows when that was too short. */
const ROWS: readonly Row[] = [
  { when: "no wish", then: "hold 57 refuse" },
  { when: "no wish, a stand-in", facts: { hasStandIn: true }, then: "fall-back" },
  { when: "no wish, it takes too long", facts: { leftSeconds: 58 }, then: "refuse" },
  { when: "no wish, it just fits", facts: { leftSeconds: 57 }, then: "hold 57 refuse" },
  { when: "no wish, all seats taken", facts: { hasSeat: false }, then: "refuse" },
  { when: "no wish, the last wake-up failed", facts: { leftSeconds: undefined }, then: "refuse" },
  { when: "a deadline", wishes: { hasDeadline: true }, facts: { hasStandIn: true }, then: "hold 57 fall-back" },
  {
    when: "a deadline that is too soon",
    wishes: { hasDeadline: true },
    facts: { hasStandIn: true, remainingMillis: 5_000 },
    then: "fall-back",
  },
  { when: "wait=20", wishes: { waitMillis: 20_000 }, facts: { hasStandIn: true }, then: "hold 20 fall-back" },
  { when: "wait=90, less time than that", wishes: { waitMillis: 90_000 }, then: "hold 57 refuse" },
  { when: "wait=5", wishes: { waitMillis: 5_000 }, then: "refuse" },
  { when: "wait=5, a stand-in", wishes: { waitMillis: 5_000 }, facts: { hasStandIn: true }, then: "fall-back" },
  { when: "respond-async", wishes: { respondAsync: true }, facts: { hasStandIn: true }, then: "job" },
  { when: "respond-async, wait=20", wishes: { respondAsync: true, waitMillis: 20_000 }, then: "hold 20 job" },
  { when: "respond-async, wait=5", wishes: { respondAsync: true, waitMillis: 5_000 }, then: "job" },
  {
    when: "respond-async, wait=20, all seats taken",
    wishes: { respondAsync: true, waitMillis: 20_000 },
    facts: { hasSeat: false },
    then: "job",
  },
  {
    when: "respond-async where there are no jobs",
    wishes: { respondAsync: true },
    facts: { takesJobs: false },
    then: "refuse",
  },
  { when: "a job that runs", wishes: JOB_WISHES, facts: { hasStandIn: true }, then: "refuse" },
];

test.each(ROWS)("$when: $then", ({ wishes, facts, then }) => {
  const decision = decideWake({ ...FACTS, ...facts, wishes: { ...NONE, ...wishes } });
  const words = decision.type === "hold" ? `hold ${decision.forMillis / 1000} ${decision.otherwise}` : decision.type;
  expect(words).toBe(then);
});

test("nobody is held who has no seat, or for longer than they wait, or whom the estimate does not serve", () => {
  const wishes = fc.record({
    respondAsync: fc.boolean(),
    waitMillis: fc.option(fc.nat(100_000), { nil: undefined }),
    hasDeadline: fc.boolean(),
    insists: fc.boolean(),
  });
  const facts = fc.record({
    wishes,
    remainingMillis: fc.integer({ min: -1_000, max: 100_000 }),
    leftSeconds: fc.option(fc.nat(100), { nil: undefined }),
    hasSeat: fc.boolean(),
    hasStandIn: fc.boolean(),
    takesJobs: fc.boolean(),
  });
  fc.assert(
    fc.property(facts, (given) => {
      const decision = decideWake(given);
      const outcome = decision.type === "hold" ? decision.otherwise : decision.type;
      if (outcome === "job") expect(given.wishes.respondAsync && given.takesJobs).toBe(true);
      if (outcome === "fall-back") expect(given.hasStandIn && !given.wishes.insists).toBe(true);
      if (decision.type !== "hold") return;
      expect(given.hasSeat).toBe(true);
      expect(decision.forMillis).toBeLessThanOrEqual(given.remainingMillis);
      expect(decision.forMillis).toBeLessThanOrEqual(given.wishes.waitMillis ?? Number.POSITIVE_INFINITY);
      expect((given.leftSeconds ?? Number.NaN) * 1000).toBeLessThanOrEqual(decision.forMillis);
    }),
  );
});
