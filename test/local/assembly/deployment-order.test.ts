import fc from "fast-check";
import { deploymentOrder } from "../../../local/assembly/deployment-order.ts";
import type { StackTemplate, Template } from "../../../local/assembly/template.ts";

const order = (...stacks: StackTemplate[]) =>
  deploymentOrder(stacks).map(({ stack, logicalId }) => `${stack}/${logicalId}`);
const stack = (name: string, template: Template): StackTemplate => ({ name, template });
const naming = (value: unknown) => ({ Type: "T", Properties: { value } });

test.each<[string, unknown]>([
  ["Ref", { Ref: "B" }],
  ["Fn::GetAtt as a list", { deep: [{ "Fn::GetAtt": ["B", "Arn"] }] }],
  ["Fn::GetAtt as text", { "Fn::GetAtt": "B.Arn" }],
  ["Fn::Sub", { "Fn::Sub": "x${B.Arn}" }],
  ["Fn::Sub with variables", { "Fn::Sub": ["${v}", { v: { Ref: "B" } }] }],
  ["a branch of Fn::If", { "Fn::If": ["C", { Ref: "B" }, "none"] }],
])("what %s names comes first", (_what, value) => {
  expect(order(stack("s", { Resources: { A: naming(value), B: { Type: "T" } } }))).toEqual(["s/B", "s/A"]);
});

test("what DependsOn names comes first", () => {
  const Resources = {
    A: { Type: "T", DependsOn: ["C", "B"] },
    B: { Type: "T", DependsOn: "D" },
    C: { Type: "T" },
    D: { Type: "T" },
  };
  expect(order(stack("s", { Resources }))).toEqual(["s/C", "s/D", "s/B", "s/A"]);
});

test("what another stack exports comes first, even from a later stack", () => {
  const importer = stack("importer", { Resources: { A: naming({ "Fn::ImportValue": "arn" }) } });
  const exporter = stack("exporter", {
    Resources: { Other: { Type: "T" }, B: { Type: "T" } },
    Outputs: { Out: { Value: { "Fn::GetAtt": ["B", "Arn"] }, Export: { Name: "arn" } } },
  });
  expect(order(importer, exporter)).toEqual(["exporter/B", "importer/A", "exporter/Other"]);
});

test("the same logical id in two stacks is two resources", () => {
  const one = { Resources: { A: naming({ Ref: "B" }), B: { Type: "T" } } };
  expect(order(stack("x", one), stack("y", one))).toEqual(["x/B", "x/A", "y/B", "y/A"]);
});

test("a cycle is an error that walks it", () => {
  const Resources = { A: naming({ Ref: "B" }), B: naming({ Ref: "C" }), C: naming({ Ref: "B" }) };
  expect(() => order(stack("s", { Resources }))).toThrow("resources wait for each other: s/B → s/C → s/B");
});

test("any acyclic template comes out once each, needs first", () => {
  const acyclic = fc
    .integer({ min: 1, max: 12 })
    .chain((size) =>
      fc.tuple(fc.constant(size), fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }), fc.nat()),
    );
  fc.assert(
    fc.property(acyclic, ([size, pairs, turn]) => {
      // Who may need whom follows a hidden ranking, which the template's own order does not show.
      const needs = pairs.filter(([a, b]) => a !== b).map(([a, b]) => [Math.max(a, b), Math.min(a, b)] as const);
      const ids = Array.from({ length: size }, (_, index) => (index * 7 + turn) % size).filter(
        (id, at, all) => all.indexOf(id) === at,
      );
      const Resources = Object.fromEntries(
        [...ids, ...Array.from({ length: size }, (_, id) => id)].map((id) => [
          `R${id}`,
          naming(needs.filter(([from]) => from === id).map(([, to]) => ({ Ref: `R${to}` }))),
        ]),
      );
      const result = order(stack("s", { Resources }));
      expect(result.toSorted()).toEqual(
        Object.keys(Resources)
          .map((id) => `s/${id}`)
          .toSorted(),
      );
      for (const [from, to] of needs) expect(result.indexOf(`s/R${to}`)).toBeLessThan(result.indexOf(`s/R${from}`));
    }),
  );
});
