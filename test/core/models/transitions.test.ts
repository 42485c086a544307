import fc from "fast-check";
import { MAX_HISTORY, MAX_VERSIONS, type ModelRecord, versionId } from "../../../core/models/registry.ts";
import { publishVersion, rollBack } from "../../../core/models/transitions.ts";
import { versionOf } from "./fixture-version.ts";

const AT = "2026-11-24T12:00:00.000Z";
const publish = (record: ModelRecord | undefined, n: number, group = "small") =>
  publishVersion(record, { name: "m", group, version: versionOf(n), at: AT });
const published = (...ns: readonly number[]): ModelRecord =>
  ns.reduce<ModelRecord | undefined>((record, n) => publish(record, n), undefined) as ModelRecord;
const digest = (n: number) => versionOf(n).digest;

describe("publish", () => {
  test("the first version makes the record", () => {
    expect(publish(undefined, 1)).toEqual({
      name: "m",
      revision: 1,
      group: "small",
      versions: [versionOf(1)],
      weights: { [digest(1)]: 1 },
      live: digest(1),
      history: [{ at: AT, action: "publish", to: digest(1) }],
    });
  });

  test("a later version takes all traffic; the earlier one stays to go back to", () => {
    const record = published(1, 2);
    expect(record).toMatchObject({ revision: 2, live: digest(2), weights: { [digest(2)]: 1 } });
    expect(record.versions.map((version) => version.digest)).toEqual([digest(2), digest(1)]);
    expect(record.history[0]).toEqual({ at: AT, action: "publish", from: digest(1), to: digest(2) });
  });

  test("what is live already changes nothing", () => {
    const record = published(1, 2);
    expect(publish(record, 2)).toBe(record);
  });

  test("another group for what is live is a change", () => {
    expect(publish(published(1), 1, "large")).toMatchObject({ revision: 2, group: "large", live: digest(1) });
  });
});

describe("roll back", () => {
  test.each<[string, readonly number[], number]>([
    ["to the version before", [1, 2], 1],
    ["to what was live before, not to the next older file", [1, 2, 1], 2],
  ])("%s", (_what, versions, expected) => {
    const record = rollBack(published(...versions), AT);
    expect(record.live).toBe(digest(expected));
    expect(record.weights).toEqual({ [digest(expected)]: 1 });
    expect(record.history[0]).toMatchObject({
      action: "rollback",
      from: digest(versions.at(-1) as number),
      to: digest(expected),
    });
  });

  test("twice goes two steps back, and then there is nothing left", () => {
    const once = rollBack(published(1, 2, 3), AT);
    const twice = rollBack(once, AT);
    expect([once.live, twice.live]).toEqual([digest(2), digest(1)]);
    expect(() => rollBack(twice, AT)).toThrow(
      `model "m" has no earlier version to go back to; it has: ${versionId(digest(3))}, ${versionId(digest(2))}, ${versionId(digest(1))} (live)`,
    );
  });

  test("after a rollback and a new version, back is what the new version replaced", () => {
    const record = publish(rollBack(published(1, 2), AT), 3);
    expect(rollBack(record, AT).live).toBe(digest(1));
  });

  test("to a named version, forward too, by its first characters", () => {
    const back = rollBack(published(1, 2, 3), AT, versionId(digest(1)));
    expect(back.live).toBe(digest(1));
    const forward = rollBack(back, AT, digest(3));
    expect(forward.live).toBe(digest(3));
    expect(rollBack(forward, AT).live).toBe(digest(1));
  });

  test.each<[string, string]>([
    ["zzzz", 'has no version "zzzz"'],
    ["", 'has 2 versions ""'],
    [digest(2), `version ${versionId(digest(2))} is live already`],
  ])("to %p is an error that says what there is", (to, message) => {
    expect(() => rollBack(published(1, 2), AT, to)).toThrow(message);
  });

  test("a version that was dropped is skipped, even where publishes went to and fro", () => {
    let record = published(1, 2, 1);
    for (let n = 3; n < 3 + MAX_VERSIONS - 2; n++) record = publish(record, n);
    record = rollBack(record, AT, digest(1));
    record = publish(record, 99);
    expect(record.versions.some((version) => version.digest === digest(2))).toBe(false);
    expect(rollBack(record, AT).live).toBe(digest(1));
    expect(() => rollBack(rollBack(record, AT), AT)).toThrow("no earlier version");
  });
});

type Step = { readonly do: "publish"; readonly n: number } | { readonly do: "rollback"; readonly to?: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.nat(30).map((n): Step => ({ do: "publish", n })) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "rollback" }) },
  { weight: 1, arbitrary: fc.nat(30).map((to): Step => ({ do: "rollback", to })) },
);

/** Undefined: the step is refused. */
function take(record: ModelRecord | undefined, next: Step): ModelRecord | undefined {
  if (next.do === "publish") return publish(record, next.n);
  if (record === undefined) return undefined;
  try {
    return rollBack(record, AT, next.to === undefined ? undefined : digest(next.to));
  } catch {
    return undefined;
  }
}

test("whatever happens, a record stays one that a function can serve from", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      let record: ModelRecord | undefined;
      for (const next of steps) {
        const after = take(record, next);
        if (after === undefined || after === record) continue;
        expect(after.revision).toBe((record?.revision ?? 0) + 1);
        const digests = after.versions.map((version) => version.digest);
        expect(digests).toContain(after.live);
        expect(new Set(digests).size).toBe(digests.length);
        expect(digests.length).toBeLessThanOrEqual(MAX_VERSIONS);
        expect(after.history.length).toBeLessThanOrEqual(MAX_HISTORY);
        expect(after.history[0]).toMatchObject({ action: next.do, to: after.live });
        if (record !== undefined) expect(after.history[0]?.from).toBe(record.live);
        expect(Object.values(after.weights).reduce((sum, share) => sum + share, 0)).toBe(1);
        expect(digests).toEqual(expect.arrayContaining(Object.keys(after.weights)));
        record = after;
      }
    }),
  );
});

test("rolling back undoes publishes, last one first", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1_000), { minLength: 2, maxLength: MAX_VERSIONS }), fc.nat(), (ns, pick) => {
      const steps = 1 + (pick % (ns.length - 1));
      let record = published(...ns);
      for (let done = 0; done < steps; done++) record = rollBack(record, AT);
      expect(record.live).toBe(digest(ns[ns.length - 1 - steps] as number));
    }),
  );
});
