/**
 * One random history of a tenant: environments that freeze, die and come back, clocks that disagree, a network that loses and
 * repeats, days and months that end, and a reconciler. Throws as soon as a promise of the leases is broken.
 */

import { seededRandom } from "../../../../bench/seeded-random.ts";
import type { Demand } from "../../../../core/metering/admission.ts";
import { type Account, committed } from "../../../../core/metering/leases/account.ts";
import { LEASE_LIMITS } from "../../../../core/metering/leases/lease-limits.ts";
import { reconcileLease, settleableLeases } from "../../../../core/metering/leases/reconcile-lease.ts";
import { settleStoredShards } from "../../../../core/metering/leases/stored-shards.ts";
import { windowsOf } from "../../../../core/metering/leases/windows.ts";
import type { Budget, TenantTerms } from "../../../../core/tenants/terms.ts";
import { SimulatedEnvironment, type UsageLine } from "./simulated-environment.ts";
import { simulatedNetwork } from "./simulated-network.ts";

export interface History {
  readonly requests: number;
  readonly charged: number;
  readonly refused: number;
  readonly reached: number;
  readonly kills: number;
  readonly reconciled: number;
  readonly rollOvers: number;
  /** Histories in which an account had shards. */
  readonly sharded: number;
}

/** Both ends of the month are near. */
const START_MILLIS = Date.UTC(2026, 11, 1);
const DAY_MILLIS = 86_400_000;
const STEPS = 28;

export async function runInterleaving(seed: number): Promise<History> {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const chance = (share: number): boolean => random() < share;
  const network = simulatedNetwork(random);
  const terms = randomTerms(random);
  // Two environments are a crowd in every third history.
  const leasesPerItem = chance(0.35) ? 1 : LEASE_LIMITS.leasesPerItem;
  let millis = START_MILLIS - (chance(0.5) ? below(5_000) : below(300_000));
  let names = 0;
  let requests = 0;
  const lines: UsageLine[] = [];
  const refusals: { readonly code: string; readonly demand: Demand }[] = [];
  const count = { reached: 0, kills: 0, reconciled: 0, rollOvers: 0 };

  // The largest distance between two clocks that the protocol promises to bear.
  const randomSkew = (): number => (random() - 0.5) * LEASE_LIMITS.clockSkewMillis;
  const spawn = (index: number): SimulatedEnvironment =>
    new SimulatedEnvironment(
      {
        store: network.storeOf(index),
        terms,
        random,
        leasesPerItem,
        trueMillis: () => millis,
        newLeaseId: () => `L${names++}`,
        newRequestId: () => `R${requests++}`,
        emit: (line) => void lines.push(line),
        reached: () => void count.reached++,
        refused: (code, demand) => void refusals.push({ code, demand }),
      },
      randomSkew(),
    );
  const environments = Array.from({ length: 2 + below(2) }, (_, index) => spawn(index));

  for (let step = 0; step < STEPS; step++) {
    act();
    await microtasks();
    check();
  }
  await comeToRest();
  return {
    requests,
    charged: lines.filter(({ charged }) => charged > 0n).length,
    refused: refusals.length,
    ...count,
    sharded: [...network.memory.accounts.values()].some(({ allotted }) => allotted !== undefined) ? 1 : 0,
  };

  function act(): void {
    const index = below(environments.length);
    const environment = environments[index] as SimulatedEnvironment;
    const what = random();
    if (what < 0.34) {
      if (!network.deliver(true)) begin(environment);
    } else if (what < 0.56) begin(environment);
    else if (what < 0.8) {
      if (!environment.isFrozen) environment.step(random);
    } else if (what < 0.88) pass(chance(0.7) ? below(4_000) : below(90_000));
    else if (what < 0.92) environment.isFrozen ? environment.thaw() : environment.freeze();
    else if (what < 0.94) kill(index);
    else if (what < 0.96) environment.skewMillis = randomSkew();
    else if (what < 0.98) {
      // Long enough for everything to be settled by others, sometimes behind the back of one that only slept.
      if (chance(0.7)) pass(below(2 * LEASE_LIMITS.maxRequestMillis));
      reconcile();
    } else if (!environment.isFrozen) void environment.admission.close();
  }

  function begin(environment: SimulatedEnvironment): void {
    if (environment.isFrozen) return;
    environment.begin(BigInt(below(30)), chance(0.4), chance(0.8) ? 30_000 : LEASE_LIMITS.maxRequestMillis);
  }

  function pass(time: number): void {
    const before = Math.floor(millis / DAY_MILLIS);
    millis += time;
    if (Math.floor(millis / DAY_MILLIS) !== before) count.rollOvers++;
    for (const environment of environments) if (!environment.isFrozen) environment.runTimers();
  }

  function kill(index: number): void {
    count.kills++;
    (environments[index] as SimulatedEnvironment).isDead = true;
    network.killed(index);
    environments[index] = spawn(index);
  }

  /** The reconciler runs somewhere else, with a clock of its own, and reaches the store. */
  function reconcile(): void {
    const nowMillis = millis + randomSkew();
    for (const [id, account] of network.memory.accounts) {
      let latest: Account = account;
      for (const { id: lease } of settleableLeases(account, nowMillis)) {
        const reconciliation = reconcileLease(latest, lease, chargedUnder(lease), nowMillis);
        if (reconciliation.type !== "settled") throw new Error(`lease ${lease} was settleable a moment ago`);
        const { excessPicodollars, unexplainedPicodollars } = reconciliation.facts;
        if (excessPicodollars > 0n) throw new Error(`lease ${lease} charged ${excessPicodollars} more than it had`);
        if (unexplainedPicodollars > 0n) throw new Error(`lease ${lease} counted what nobody was charged`);
        void network.memory.write(id, reconciliation.account);
        latest = reconciliation.account;
        count.reconciled++;
      }
    }
  }

  function chargedUnder(lease: string): ReadonlyMap<string, bigint> {
    const own = lines.filter((line) => line.lease === lease || line.keyLease === lease);
    return new Map(own.map(({ requestId, charged }) => [requestId, charged]));
  }

  function check(): void {
    checkAccount("tenant#t", terms.tenant.budgets, (line) => line.lease);
    checkAccount("key#k", terms.key.budgets, (line) => line.keyLease);
  }

  function checkAccount(
    id: string,
    { daily, monthly }: { readonly daily?: Budget; readonly monthly?: Budget },
    leaseOf: (line: UsageLine) => string | undefined,
  ): void {
    const account = network.memory.accounts.get(id);
    if (account === undefined) return;
    const charged: Record<string, bigint> = {};
    for (const line of lines) {
      const lease = leaseOf(line);
      if (lease === undefined) continue;
      for (const window of windowsOf(network.dayOfLease.get(lease) as string)) {
        charged[window] = (charged[window] ?? 0n) + line.charged;
      }
    }
    for (const [name, days] of Object.entries(account.shards)) {
      const shard = network.memory.accounts.get(`${id}#${name}`);
      for (const [day, amount] of Object.entries(days)) {
        if (shard?.charged[day] === undefined || (daily ?? monthly) === undefined) continue;
        const total = committed(shard, day);
        if (total > amount) throw new Error(`${id}#${name}: ${total} committed of ${amount} in ${day}`);
      }
    }
    for (const window of new Set([...Object.keys(charged), ...Object.keys(account.charged)])) {
      const budget = window.length === 10 ? daily : monthly;
      const sum = charged[window] ?? 0n;
      if (budget === undefined) continue;
      if (sum > budget.picodollars) throw new Error(`${id}: ${sum} charged of ${budget.picodollars} in ${window}`);
      if (account.charged[window] === undefined) continue;
      const total = committed(account, window);
      if (total > budget.picodollars)
        throw new Error(`${id}: ${total} committed of ${budget.picodollars} in ${window}`);
      if (sum > total) throw new Error(`${id}: ${sum} charged, but only ${total} committed in ${window}`);
    }
  }

  /** Everything ends, the reconciler does its work, and a new environment finds exactly what was not charged. */
  async function comeToRest(): Promise<void> {
    for (const environment of environments) {
      if (environment.isFrozen && chance(0.5)) environment.thaw();
      for (let end = 0; end < 12 && environment.running.length > 0 && !environment.isFrozen; end++) {
        environment.step(random);
        while (network.deliver(false)) await microtasks();
        pass(25);
      }
      check();
    }
    for (let round = 0; round < 4; round++) {
      while (network.deliver(false)) await microtasks();
      pass(25);
      await microtasks();
    }
    for (const environment of environments) environment.isDead = true;
    environments.length = 0;
    millis += 40 * 60_000;
    reconcile();
    check();
    const later = millis + DAY_MILLIS;
    for (const [id, account] of network.memory.accounts) {
      if (Object.keys(account.leases).length > 0) throw new Error(`${id}: leases are left after reconciliation`);
      // An account counts its shards' finished days, too: below.
      if (isSharded(id)) continue;
      checkSums(id, (lease) => network.accountOfLease.get(lease) === id && account.charged);
    }
    // A day later shards give back what they did not use, and the account alone knows all of the month.
    for (const root of ["tenant#t", "key#k"]) {
      const account = network.memory.accounts.get(root);
      if (account === undefined || !isSharded(root)) continue;
      await settleStoredShards(network.memory, root, later);
      const { shards, charged } = network.memory.accounts.get(root) as Account;
      if (Object.keys(shards).length > 0) throw new Error(`${root}: shards are left`);
      checkSums(root, (lease) => network.accountOfLease.get(lease)?.startsWith(root) && charged);
    }
  }

  function isSharded(root: string): boolean {
    return [...network.memory.accounts.keys()].some((id) => id.startsWith(`${root}#`));
  }

  /** What an account has counted is what usage lines under its leases say. */
  function checkSums(id: string, chargedOf: (lease: string) => Account["charged"] | false | undefined): void {
    const sums: Record<string, bigint> = {};
    let counted: Account["charged"] = {};
    for (const { charged, lease, keyLease } of lines) {
      for (const name of [lease, keyLease]) {
        const account = name !== undefined && chargedOf(name);
        if (!account) continue;
        counted = account;
        for (const window of windowsOf(network.dayOfLease.get(name) as string)) {
          sums[window] = (sums[window] ?? 0n) + charged;
        }
      }
    }
    for (const [window, amount] of Object.entries(counted)) {
      const sum = sums[window] ?? 0n;
      if (sum !== amount) throw new Error(`${id}: ${amount} counted, ${sum} charged in ${window}`);
    }
  }
}

function randomTerms(random: () => number): TenantTerms {
  const budget = (most: number): Budget => ({
    picodollars: BigInt(Math.floor(random() * most)),
    enforcement: "hard",
  });
  const budgets = (most: number) => {
    const which = random();
    return {
      ...(which < 0.7 && { daily: budget(most) }),
      ...(which > 0.4 && { monthly: budget(most * 1.5) }),
    };
  };
  return {
    tenant: { budgets: budgets(600), limits: random() < 0.2 ? { concurrency: 4, requestsPerSecond: 20 } : {} },
    key: { budgets: random() < 0.3 ? budgets(400) : {}, limits: {} },
  };
}

/** Lets what waits for nothing but its turn go on; now and then not to its end, which is one more interleaving. */
async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 16; turn++) await undefined;
}
