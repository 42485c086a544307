import fc from "fast-check";
import { conditionHolds, resolveValue, TemplateError } from "../../../local/assembly/intrinsics.ts";
import type { Template } from "../../../local/assembly/template.ts";
import { scopeOf } from "./scope.ts";

const resolved = (value: unknown, template: Template = {}) => resolveValue(value, scopeOf(template), "stack/Thing");

describe("one function at a time", () => {
  test.each<[string, unknown, unknown]>([
    ["Ref of a resource", { Ref: "Bucket" }, "the-bucket"],
    ["Ref of a pseudo parameter", { Ref: "AWS::Region" }, "us-east-1"],
    ["Fn::GetAtt as a list", { "Fn::GetAtt": ["Bucket", "Arn"] }, "arn:aws:s3:::the-bucket"],
    ["Fn::GetAtt as text", { "Fn::GetAtt": "Bucket.Arn" }, "arn:aws:s3:::the-bucket"],
    ["Fn::GetAtt of a nested attribute", { "Fn::GetAtt": ["Bucket", "Domain.Name"] }, "the-bucket.s3"],
    ["Fn::Join", { "Fn::Join": [":", ["arn", { Ref: "AWS::Partition" }, 3, true]] }, "arn:aws:3:true"],
    [
      "Fn::Sub with references",
      { "Fn::Sub": "${Bucket} in ${AWS::Region}, ${Bucket.Domain.Name}" },
      "the-bucket in us-east-1, the-bucket.s3",
    ],
    [
      "Fn::Sub with own variables",
      { "Fn::Sub": ["${a}/${Bucket}", { a: { Ref: "AWS::AccountId" } }] },
      "123456789012/the-bucket",
    ],
    ["Fn::Sub with a literal", { "Fn::Sub": "${!Bucket} $ ${Bucket}" }, "${Bucket} $ the-bucket"],
    ["Fn::Select", { "Fn::Select": ["1", ["a", "b"]] }, "b"],
    ["Fn::Split", { "Fn::Split": [".", { "Fn::GetAtt": ["Bucket", "Domain.Name"] }] }, ["the-bucket", "s3"]],
    ["Fn::Select of Fn::Split", { "Fn::Select": [1, { "Fn::Split": [":", "a:b"] }] }, "b"],
    ["Fn::ImportValue", { "Fn::ImportValue": { "Fn::Join": ["", ["exp", "orted"]] } }, "from another stack"],
    ["Fn::Base64", { "Fn::Base64": "naïve" }, "bmHDr3Zl"],
    ["Fn::GetAZs of here", { "Fn::GetAZs": "" }, ["us-east-1a", "us-east-1b", "us-east-1c"]],
    ["plain values", { a: [1, null, false, "Ref"] }, { a: [1, null, false, "Ref"] }],
    [
      "a condition of a policy is no intrinsic",
      { Condition: { StringEquals: { a: "b" } } },
      { Condition: { StringEquals: { a: "b" } } },
    ],
  ])("%s", (_what, value, expected) => {
    expect(resolved(value)).toEqual(expected);
  });

  test("parameters answer their default, mappings their entry", () => {
    const template = {
      Parameters: { Size: { Type: "Number", Default: "7" } },
      Mappings: { Regions: { "us-east-1": { name: "Virginia" } } },
    };
    expect(resolved({ Ref: "Size" }, template)).toBe("7");
    expect(resolved({ "Fn::FindInMap": ["Regions", { Ref: "AWS::Region" }, "name"] }, template)).toBe("Virginia");
  });

  test("AWS::NoValue leaves out the property or the entry that holds it", () => {
    const template = { Conditions: { Off: { "Fn::Equals": ["a", "b"] } } };
    const absent = { "Fn::If": ["Off", "there", { Ref: "AWS::NoValue" }] };
    expect(resolved({ kept: 1, gone: absent, list: [1, absent, 2] }, template)).toEqual({ kept: 1, list: [1, 2] });
    expect(resolved(absent, template)).toBeUndefined();
  });

  test("only the chosen branch of Fn::If is evaluated", () => {
    const template = { Conditions: { On: { "Fn::Equals": ["a", "a"] } } };
    expect(resolved({ "Fn::If": ["On", "yes", { Ref: "NotThere" }] }, template)).toBe("yes");
  });
});

describe("conditions", () => {
  const template: Template = {
    Parameters: { Stage: { Type: "String", Default: "prod" } },
    Conditions: {
      IsProd: { "Fn::Equals": [{ Ref: "Stage" }, "prod"] },
      IsNotProd: { "Fn::Not": [{ Condition: "IsProd" }] },
      Both: { "Fn::And": [{ Condition: "IsProd" }, { Condition: "IsNotProd" }] },
      Either: { "Fn::Or": [{ Condition: "IsProd" }, { Condition: "IsNotProd" }] },
    },
  };

  test.each([
    ["IsProd", true],
    ["IsNotProd", false],
    ["Both", false],
    ["Either", true],
    [undefined, true],
  ])("%s", (name, expected) => {
    expect(conditionHolds(name, scopeOf(template), "stack/Thing")).toBe(expected);
  });

  test("an unknown condition is an error that says where", () => {
    expect(() => conditionHolds("Nowhere", scopeOf(template), "stack/Thing")).toThrow(
      'stack/Thing: there is no condition "Nowhere"',
    );
  });
});

describe("what cannot be resolved fails with its place", () => {
  test.each<[unknown, string]>([
    [{ list: [{ "Fn::Transform": {} }] }, "stack/Thing.list[0]: the function Fn::Transform is not known here"],
    [{ Name: { Ref: "Nothing" } }, 'stack/Thing.Name: there is no resource or parameter "Nothing"'],
    [
      { Name: { Ref: "AWS::NotificationARNs" } },
      "stack/Thing.Name: the pseudo parameter AWS::NotificationARNs is not known here",
    ],
    [{ Name: { "Fn::GetAtt": ["Bucket", "Colour"] } }, 'stack/Thing.Name: Bucket has no attribute "Colour" here'],
    [{ "Fn::Select": [5, ["a"]] }, "stack/Thing: Fn::Select asks for entry 5 of 1"],
    [{ "Fn::ImportValue": "unknown" }, 'stack/Thing: no stack exports "unknown"'],
    [{ "Fn::FindInMap": ["M", "a", "b"] }, "stack/Thing: the mapping M has no entry a/b"],
    [{ "Fn::Join": ["", "text"] }, 'stack/Thing: expected a list, received "text"'],
    [{ "Fn::Join": ["", [{ deep: 1 }]] }, 'stack/Thing: expected text, received {"deep":1}'],
    [{ Ref: "NoDefault" }, "stack/Thing: the parameter NoDefault has no default"],
  ])("%j", (value, message) => {
    const template = { Parameters: { NoDefault: { Type: "String" } } };
    expect(() => resolved(value, template)).toThrow(new TemplateError(message));
  });
});

/** A tree of intrinsic functions together with what it must become: each case knows its own meaning. */
interface Pair<T> {
  readonly tree: unknown;
  readonly value: T;
}

const template: Template = {
  Parameters: { P: { Type: "String", Default: "parameter" } },
  Mappings: { M: { a: { x: "mapped" } } },
  Conditions: { Yes: { "Fn::Equals": ["1", "1"] }, No: { "Fn::Not": [{ Condition: "Yes" }] } },
};

const pair = <T>(tree: unknown, value: T): Pair<T> => ({ tree, value });
/** No `${`, which Fn::Sub would read. */
const plainText = fc.string({ maxLength: 8 }).filter((text) => !text.includes("$"));

const { text: textTree, anything } = fc.letrec<{
  text: Pair<string>;
  list: Pair<string[]>;
  condition: Pair<boolean>;
  anything: Pair<unknown>;
}>((tie) => ({
  text: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    plainText.map((value) => pair(value, value)),
    fc.constantFrom(
      pair({ Ref: "Bucket" }, "the-bucket"),
      pair({ Ref: "P" }, "parameter"),
      pair({ Ref: "AWS::AccountId" }, "123456789012"),
      pair({ "Fn::GetAtt": ["Bucket", "Arn"] }, "arn:aws:s3:::the-bucket"),
      pair({ "Fn::FindInMap": ["M", "a", "x"] }, "mapped"),
      pair({ "Fn::ImportValue": "exported" }, "from another stack"),
    ),
    fc
      .tuple(plainText, tie("list"))
      .map(([separator, { tree, value }]) => pair({ "Fn::Join": [separator, tree] }, value.join(separator))),
    fc
      .tuple(tie("list"), fc.nat())
      .filter(([{ value }]) => value.length > 0)
      .map(([{ tree, value }, n]) =>
        pair({ "Fn::Select": [String(n % value.length), tree] }, value[n % value.length] as string),
      ),
    fc
      .tuple(plainText, tie("text"))
      .map(([before, { tree, value }]) =>
        pair({ "Fn::Sub": [`${before}\${v}\${Bucket}`, { v: tree }] }, `${before}${value}the-bucket`),
      ),
    fc
      .tuple(tie("condition"), tie("text"), tie("text"))
      .map(([condition, then, otherwise]) =>
        pair(
          { "Fn::If": [condition.value ? "Yes" : "No", then.tree, otherwise.tree] },
          condition.value ? then.value : otherwise.value,
        ),
      ),
    tie("text").map(({ tree, value }) => pair({ "Fn::Base64": tree }, Buffer.from(value).toString("base64"))),
  ),
  list: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.array(tie("text"), { maxLength: 4 }).map((entries) =>
      pair(
        entries.map(({ tree }) => tree),
        entries.map(({ value }) => value),
      ),
    ),
    fc
      .tuple(fc.constantFrom(":", "/", "-"), tie("text"))
      .map(([separator, { tree, value }]) => pair({ "Fn::Split": [separator, tree] }, value.split(separator))),
  ),
  condition: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.boolean().map((value) => pair({ Condition: value ? "Yes" : "No" }, value)),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => pair({ "Fn::Equals": [a.tree, b.tree] }, a.value === b.value)),
    tie("text").map(({ tree, value }) => pair({ "Fn::Equals": [tree, value] }, true)),
    tie("condition").map(({ tree, value }) => pair({ "Fn::Not": [tree] }, !value)),
    fc.array(tie("condition"), { minLength: 2, maxLength: 3 }).map((all) =>
      pair(
        { "Fn::And": all.map(({ tree }) => tree) },
        all.every(({ value }) => value),
      ),
    ),
    fc.array(tie("condition"), { minLength: 2, maxLength: 3 }).map((all) =>
      pair(
        { "Fn::Or": all.map(({ tree }) => tree) },
        all.some(({ value }) => value),
      ),
    ),
  ),
  anything: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("text"),
    tie("list"),
    tie("condition"),
    fc.constantFrom<Pair<unknown>>(pair(7, 7), pair(null, null), pair(true, true)),
    fc
      .array(fc.tuple(fc.stringMatching(/^[A-Z][a-z]{1,5}$/), tie("anything")), { minLength: 2, maxLength: 4 })
      .map((members) =>
        pair(
          Object.fromEntries(members.map(([key, { tree }]) => [key, tree])),
          Object.fromEntries(members.map(([key, { value }]) => [key, value])),
        ),
      ),
  ),
}));

test("every tree of functions becomes what its parts mean", () => {
  fc.assert(
    fc.property(anything, ({ tree, value }) => {
      expect(resolved(tree, template)).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("what is resolved resolves to itself", () => {
  fc.assert(
    fc.property(textTree, ({ tree }) => {
      const once = resolved(tree, template);
      expect(resolved(once, template)).toEqual(once);
    }),
  );
});
