import fc from "fast-check";
import { findVersion, liveVersion, weightedVersion } from "../../../core/serving/choose-version.ts";
import { digestOf, modelOf, versionOf } from "./world.ts";

const [A, B, C] = [digestOf("a"), digestOf("b"), digestOf("c")];
const weighted = (weights: Record<string, number>) => modelOf({ versions: [A, B, C].map(versionOf), weights, live: A });
const chosen = (weights: Record<string, number>, tenant: string) => weightedVersion(weighted(weights), tenant).digest;

test("a version is named by 12 characters of its digest or by all", () => {
  const model = modelOf();
  expect(findVersion(model, A)?.digest).toBe(A);
  expect(findVersion(model, B.slice(0, 12))?.digest).toBe(B);
  for (const wrong of ["", "aaaa", B.slice(0, 13), C, "1"]) expect(findVersion(model, wrong)).toBeUndefined();
});

test("without a canary the alias decides", () => {
  expect(chosen({ [A]: 1 }, "acme")).toBe(A);
  expect(chosen({ [A]: 1, [B]: 0 }, "acme")).toBe(A);
  expect(liveVersion(modelOf({ live: B })).digest).toBe(B);
});

test("an alias that names a version the record lacks is our fault, and says so", () => {
  expect(() => liveVersion(modelOf({ live: C }))).toThrow(`points at version ${C}`);
});

test("a tenant stays with its version, and shares follow the weights", () => {
  const weights = { [A]: 0.9, [B]: 0.1 };
  const tenants = Array.from({ length: 4_000 }, (_, index) => `tenant-${index}`);
  const onB = tenants.filter((tenant) => chosen(weights, tenant) === B);
  expect(onB.length / tenants.length).toBeGreaterThan(0.08);
  expect(onB.length / tenants.length).toBeLessThan(0.12);
  expect(tenants.filter((tenant) => chosen(weights, tenant) === B)).toEqual(onB);
});

test("a weight that grows moves tenants to that version and to no other", () => {
  const share = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      share,
      share,
      share,
      fc.double({ min: 1, max: 10, noNaN: true }),
      fc.string(),
      (a, b, c, growth, tenant) => {
        const before = chosen({ [A]: a, [B]: b, [C]: c }, tenant);
        const after = chosen({ [A]: a, [B]: b, [C]: c * growth }, tenant);
        expect([before, C]).toContain(after);
      },
    ),
  );
});
