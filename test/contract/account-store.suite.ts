/** What every store of accounts must do; run on the memory reference and on a table. */
import { type Account, NEW_ACCOUNT } from "../../core/metering/leases/account.ts";
import type { AccountStore } from "../../core/metering/leases/account-store.ts";

export const ACCOUNT: Account = {
  revision: 1,
  day: "2026-11-24",
  charged: { "2026-11-24": 12_345_678_901_234_567_890n, "2026-11": 2n ** 70n },
  leases: {
    "L/1": {
      day: "2026-11-24",
      startedAtMillis: 1_795_000_000_000,
      expiresAtMillis: 1_795_000_060_000,
      grantedPicodollars: 9_007_199_254_740_993n,
      settledPicodollars: 0n,
      requestsPerSecond: 12.5,
      requestsTaken: 3,
      tokensPerSecond: 0.1,
      tokensTaken: 1000.25,
      slots: 4,
    },
  },
  requests: { level: 7.25, atMillis: 1_795_000_000_000 },
  tokens: { level: undefined, atMillis: 0 },
  shards: { 3: { "2026-11-24": 10n ** 20n, "2026-11-23": 0n } },
  allotted: undefined,
};

export function accountStoreSuite(storeOf: () => AccountStore): void {
  test("an account that was never written is new", async () => {
    expect(await storeOf().read("tenant#nobody")).toEqual(NEW_ACCOUNT);
  });

  test("an account comes back as it was written, amounts beyond a double's exactness included", async () => {
    const store = storeOf();
    expect(await store.write("tenant#exact", ACCOUNT)).toBe("written");
    expect(await store.read("tenant#exact")).toEqual(ACCOUNT);
    expect(await store.read("key#exact")).toEqual(NEW_ACCOUNT);
  });

  test("a shard is told from an account, and what it was allotted is exact", async () => {
    const store = storeOf();
    const shard: Account = { ...ACCOUNT, shards: {}, allotted: { "2026-11-24": 10n ** 20n + 1n } };
    await store.write("tenant#exact#3", shard);
    expect(await store.read("tenant#exact#3")).toEqual(shard);
  });

  test("a write is taken only upon the revision before it, so a repeated one changes nothing", async () => {
    const store = storeOf();
    const second: Account = { ...ACCOUNT, revision: 2, leases: {} };
    expect(await store.write("tenant#order", second)).toBe("refused");
    expect(await store.write("tenant#order", ACCOUNT)).toBe("written");
    expect(await store.write("tenant#order", ACCOUNT)).toBe("refused");
    expect(await store.write("tenant#order", second)).toBe("written");
    expect(await store.write("tenant#order", { ...ACCOUNT, revision: 2 })).toBe("refused");
    expect(await store.read("tenant#order")).toEqual(second);
  });

  test("of many who write at once, one wins", async () => {
    const store = storeOf();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.write("tenant#raced", ACCOUNT)));
    expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(1);
  });
}
