/** Where copies and requests go: arithmetic without processes. */
import fc from "fast-check";
import { ConcurrencyMeter } from "../../../local/sagemaker/hosting/concurrency-meter.ts";
import { choosePlace, fits, neverFits, type Requirements, roomOf } from "../../../local/sagemaker/hosting/placement.ts";
import { instanceCapacity } from "../../../local/sagemaker/instance-types.ts";
import { chooseCopy } from "../../../local/sagemaker/runtime-api/choose-copy.ts";

const TYPE = "ml.g5.12xlarge";
const needs = (accelerators: number, memoryMb: number, vCpus = 0): Requirements => ({
  type: "resources",
  accelerators,
  memoryMb,
  vCpus,
});
const anyNeeds = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 128, max: 200_000 }), fc.integer({ min: 0, max: 48 }))
  .map(([accelerators, memoryMb, vCpus]) => needs(accelerators, memoryMb, vCpus));

describe("places of copies", () => {
  test("whatever is placed by what fits, together never exceeds the instance", () => {
    fc.assert(
      fc.property(fc.array(anyNeeds, { maxLength: 20 }), (all) => {
        const placed: Requirements[] = [];
        for (const each of all) if (fits(each, roomOf(TYPE, placed))) placed.push(each);
        const capacity = instanceCapacity(TYPE);
        const sum = (of: "accelerators" | "memoryMb" | "vCpus") =>
          placed.reduce((total, each) => total + (each.type === "resources" ? each[of] : 0), 0);
        expect(sum("accelerators")).toBeLessThanOrEqual(capacity?.accelerators ?? 0);
        expect(sum("memoryMb")).toBeLessThanOrEqual(capacity?.memoryMb ?? 0);
        expect(sum("vCpus")).toBeLessThanOrEqual(capacity?.vCpus ?? 0);
        // Nothing is turned away that an empty instance would take first.
        expect(all.length === 0 || placed.length > 0 || all.every((each) => neverFits(TYPE, each) !== undefined)).toBe(
          true,
        );
      }),
    );
  });

  const candidate = (instance: string, placed: number, sameWorkload: number) => ({
    instance,
    needs: needs(1, 1_024),
    room: roomOf(TYPE, new Array(placed).fill(needs(1, 1_024))),
    sameWorkload,
  });

  test("SPREAD goes where fewest are, BINPACK where most are, and neither where there is no room", () => {
    const candidates = [candidate("a", 2, 1), candidate("b", 1, 0), candidate("c", 3, 2), candidate("full", 4, 4)];
    expect(choosePlace(candidates, "SPREAD")).toBe("b");
    expect(choosePlace(candidates, "BINPACK")).toBe("c");
    expect(choosePlace([candidate("full", 4, 0)], "SPREAD")).toBeUndefined();
  });

  test("a model of a variant has an instance for itself", () => {
    const whole: Requirements = { type: "whole-instance" };
    expect(fits(whole, roomOf(TYPE, []))).toBe(true);
    expect(fits(whole, roomOf(TYPE, [needs(1, 128)]))).toBe(false);
    expect(fits(needs(0, 128), roomOf(TYPE, [whole]))).toBe(false);
  });
});

describe("routing of requests", () => {
  const copies = (...inFlight: number[]) => inFlight.map((count, index) => ({ id: `copy-${index}`, inFlight: count }));
  const body = (text: string) => Buffer.from(text);

  test("least outstanding requests; at random among equals", () => {
    const routing = { RoutingStrategy: "LEAST_OUTSTANDING_REQUESTS" } as const;
    expect(chooseCopy(copies(3, 1, 2), routing, body(""), 0.9)?.id).toBe("copy-1");
    expect(chooseCopy(copies(1, 1, 2), routing, body(""), 0)?.id).toBe("copy-0");
    expect(chooseCopy(copies(1, 1, 2), routing, body(""), 0.99)?.id).toBe("copy-1");
    expect(chooseCopy([], routing, body(""), 0)).toBeUndefined();
  });

  test("without a strategy at random", () => {
    expect([0, 0.4, 0.99].map((random) => chooseCopy(copies(9, 0, 0), undefined, body(""), random)?.id)).toEqual([
      "copy-0",
      "copy-1",
      "copy-2",
    ]);
  });

  test("prefix-aware: one beginning, one copy, until that has too much; other beginnings, other copies", () => {
    const routing = {
      RoutingStrategy: "PREFIX_AWARE",
      PrefixAwareRoutingConfig: { PrefixLength: 1_024, ConcurrencyThreshold: 4 },
    } as const;
    const prefix = "You are a helpful assistant. ".repeat(60);
    const usual = chooseCopy(copies(0, 0, 0), routing, body(`${prefix}one`), 0)?.id ?? "";
    for (const [end, random] of [
      ["two", 0.5],
      ["three", 0.9],
    ] as const) {
      expect(chooseCopy(copies(0, 0, 0), routing, body(prefix + end), random)?.id).toBe(usual);
    }
    const busy = copies(0, 0, 0).map((copy) => (copy.id === usual ? { ...copy, inFlight: 4 } : copy));
    expect(chooseCopy(busy, routing, body(prefix), 0)?.id).not.toBe(usual);
    const others = Array.from(
      { length: 40 },
      (_, index) => chooseCopy(copies(0, 0, 0), routing, body(`prompt ${index}`), 0)?.id,
    );
    expect(new Set(others).size).toBe(3);
  });

  test("when a copy goes, only the beginnings that it held move", () => {
    const routing = { RoutingStrategy: "PREFIX_AWARE" } as const;
    const all = copies(0, 0, 0);
    const left = all.slice(0, 2);
    for (let index = 0; index < 40; index++) {
      const before = chooseCopy(all, routing, body(`prompt ${index}`), 0)?.id;
      if (before !== "copy-2") expect(chooseCopy(left, routing, body(`prompt ${index}`), 0)?.id).toBe(before);
    }
  });
});

test("concurrency is an average over time: what began and ended between two looks counts", () => {
  const meter = new ConcurrencyMeter(0);
  meter.change(1, 100);
  meter.change(1, 200);
  meter.change(-1, 300);
  meter.change(-1, 600);
  expect(meter.take(1_000)).toBeCloseTo((100 + 200 + 300) / 1_000);
  expect(meter.take(2_000)).toBe(0);
  meter.change(1, 2_000);
  expect(meter.take(3_000)).toBe(1);
});
