import * as fc from "fast-check";
import { decide } from "../../../local/iam/decision.ts";
import { parsePolicy } from "../../../local/iam/policy-document.ts";
import { matchesArn, matchesWildcard } from "../../../local/iam/wildcard.ts";

interface StatementDocument {
  Effect: "Allow" | "Deny";
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, string | boolean | number | string[]>>;
}

const parse = (statements: readonly StatementDocument[]) =>
  parsePolicy({ Version: "2012-10-17", Statement: statements }, "identity", "policy of the test");

function ask(
  statements: readonly StatementDocument[],
  action: string,
  resourceArn: string,
  context: Record<string, readonly string[]> = {},
) {
  const lowered = new Map(Object.entries(context).map(([key, values]) => [key.toLowerCase(), values]));
  return decide([parse(statements)], { action, resourceArn, context: lowered });
}

const service = fc.constantFrom("s3", "dynamodb");
const verb = fc.constantFrom("GetItem", "PutItem", "GetObject", "Get");
const action = fc.tuple(service, verb).map(([s, v]) => `${s}:${v}`);
const actionPattern = fc.oneof(action, fc.constantFrom("*", "s3:*", "dynamodb:Get*", "S3:getobject", "s3:Get?bject"));
const resource = fc.constantFrom(
  "arn:aws:s3:::a/1",
  "arn:aws:s3:::a/2",
  "arn:aws:s3:::b",
  "arn:aws:dynamodb:us-east-1:1:table/t",
);
const resourcePattern = fc.oneof(
  resource,
  fc.constantFrom("*", "arn:aws:s3:::*", "arn:aws:s3:::a/?", "arn:*:table/t", "arn:aws:s3:::A/1"),
);
const condition = fc.option(
  fc.constantFrom<NonNullable<StatementDocument["Condition"]>>(
    { StringEquals: { "aws:PrincipalAccount": "1" } },
    { StringNotEquals: { "aws:PrincipalAccount": ["2", "3"] } },
    { Bool: { "aws:SecureTransport": false } },
    { Null: { "aws:Absent": "true" } },
    { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["a", "b"] } },
  ),
  { nil: undefined },
);
const statement: fc.Arbitrary<StatementDocument> = fc
  .record({
    Effect: fc.constantFrom("Allow" as const, "Deny" as const),
    actions: fc.array(actionPattern, { minLength: 1, maxLength: 3 }),
    resources: fc.array(resourcePattern, { minLength: 1, maxLength: 3 }),
    notAction: fc.boolean(),
    notResource: fc.boolean(),
    Condition: condition,
  })
  .map(({ Effect, actions, resources, notAction, notResource, Condition }) => ({
    Effect,
    [notAction ? "NotAction" : "Action"]: actions,
    [notResource ? "NotResource" : "Resource"]: resources,
    ...(Condition === undefined ? {} : { Condition }),
  }));
const statements = fc.array(statement, { maxLength: 6 });
const context = fc.constantFrom<Record<string, string[]>>(
  {},
  { "aws:PrincipalAccount": ["1"], "aws:SecureTransport": ["true"] },
  { "aws:PrincipalAccount": ["2"], "dynamodb:LeadingKeys": ["a", "c"] },
);
const request = fc.tuple(action, resource, context);

/** What the documentation says, written down a second time with other means. */
function appliesByTheBook(
  each: StatementDocument,
  [act, arn, facts]: [string, string, Record<string, string[]>],
): boolean {
  const glob = (pattern: string, text: string, flags: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".")}$`,
      flags,
    ).test(text);
  const any = (patterns: string | string[] | undefined, text: string, flags: string) =>
    [patterns ?? []].flat().some((pattern) => glob(pattern, text, flags));
  const actions = each.Action === undefined ? !any(each.NotAction, act, "i") : any(each.Action, act, "i");
  const resources = each.Resource === undefined ? !any(each.NotResource, arn, "") : any(each.Resource, arn, "");
  const account = facts["aws:PrincipalAccount"]?.[0];
  const [[operator]] = Object.entries(each.Condition ?? { none: {} }) as [[string, unknown]];
  const conditions: Record<string, boolean> = {
    none: true,
    StringEquals: account === "1",
    StringNotEquals: account !== "2" && account !== "3",
    Bool: facts["aws:SecureTransport"]?.[0] === "false",
    Null: true,
    "ForAllValues:StringEquals": (facts["dynamodb:LeadingKeys"] ?? []).every((key) => key === "a" || key === "b"),
  };
  return actions && resources && conditions[operator] === true;
}

test("nothing is allowed without a matching Allow, nothing that a Deny matches", () => {
  fc.assert(
    fc.property(statements, request, (policy, [act, arn, facts]) => {
      const applying = policy.filter((each) => appliesByTheBook(each, [act, arn, facts]));
      const effects = new Set(applying.map(({ Effect }) => Effect));
      const expected = effects.has("Deny") ? "deny" : effects.has("Allow") ? "allow" : "silent";
      expect(ask(policy, act, arn, facts)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("a Deny more, or an Allow less, never opens what was closed", () => {
  fc.assert(
    fc.property(statements, statement, request, (policy, more, [act, arn, facts]) => {
      const before = ask(policy, act, arn, facts);
      if (before === "allow") return;
      expect(ask([...policy, { ...more, Effect: "Deny" }], act, arn, facts)).not.toBe("allow");
      for (const index of policy.keys()) {
        if (policy[index]?.Effect !== "Allow") continue;
        expect(ask(policy.toSpliced(index, 1), act, arn, facts)).not.toBe("allow");
      }
    }),
  );
});

test("wildcards match what a regular expression would, and never hang", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ":", "/", "."), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", ":", ".", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (glob, candidate) => {
      const source = glob.replace(/\./g, "\\.").replace(/\*/g, ".*").replace(/\?/g, ".");
      expect(matchesWildcard(glob, candidate)).toBe(new RegExp(`^${source}$`).test(candidate));
    }),
  );
  expect(matchesWildcard(`${"*a".repeat(40)}b`, "a".repeat(5_000))).toBe(false);
});

test("the parts of an ARN are matched one by one", () => {
  expect(matchesArn("arn:aws:lambda:*:1:function:f*", "arn:aws:lambda:us-east-1:1:function:f:live")).toBe(true);
  expect(matchesArn("arn:aws:*:function:f", "arn:aws:lambda:us-east-1:1:function:f")).toBe(false);
});

test.each<[string, Record<string, Record<string, string | string[]>>, Record<string, string[]>, boolean]>([
  ["StringLike", { StringLike: { k: "a*" } }, { k: ["abc"] }, true],
  [
    "key names in another case",
    { StringEquals: { "AWS:principalACCOUNT": "1" } },
    { "aws:PrincipalAccount": ["1"] },
    true,
  ],
  ["values in another case", { StringEquals: { k: "A" } }, { k: ["a"] }, false],
  ["StringEqualsIgnoreCase", { StringEqualsIgnoreCase: { k: "A" } }, { k: ["a"] }, true],
  ["an absent key", { StringEquals: { k: "a" } }, {}, false],
  ["an absent key, IfExists", { StringEqualsIfExists: { k: "a" } }, {}, true],
  ["a wrong key, IfExists", { StringEqualsIfExists: { k: "a" } }, { k: ["b"] }, false],
  ["an absent key, negated", { StringNotEquals: { k: "a" } }, {}, true],
  ["negated", { StringNotLike: { k: ["a*", "b*"] } }, { k: ["bc"] }, false],
  ["one of several values of the policy", { StringEquals: { k: ["a", "b"] } }, { k: ["b"] }, true],
  ["two keys, one wrong", { StringEquals: { k: "a", l: "b" } }, { k: ["a"], l: ["c"] }, false],
  ["ForAnyValue", { "ForAnyValue:StringEquals": { k: ["a", "b"] } }, { k: ["z", "a"] }, true],
  ["ForAnyValue without a value", { "ForAnyValue:StringEquals": { k: "a" } }, {}, false],
  ["ForAllValues", { "ForAllValues:StringEquals": { k: ["a", "b"] } }, { k: ["a", "z"] }, false],
  ["ForAllValues without a value", { "ForAllValues:StringEquals": { k: "a" } }, {}, true],
  ["ForAllValues, negated", { "ForAllValues:StringNotEquals": { k: "a" } }, { k: ["b", "a"] }, false],
  ["NumericLessThan", { NumericLessThan: { k: "10" } }, { k: ["9"] }, true],
  ["NumericLessThanEquals", { NumericLessThanEquals: { k: "10" } }, { k: ["11"] }, false],
  ["a number that is none", { NumericLessThan: { k: "10" } }, { k: ["nine"] }, false],
  ["DateGreaterThan", { DateGreaterThan: { k: "2026-01-01T00:00:00Z" } }, { k: ["2026-11-24T00:00:00Z"] }, true],
  ["Bool", { Bool: { k: "true" } }, { k: ["true"] }, true],
  ["ArnLike", { ArnLike: { k: "arn:aws:s3:::b*" } }, { k: ["arn:aws:s3:::bucket"] }, true],
  ["ArnEquals takes wildcards, too", { ArnEquals: { k: "arn:aws:s3:::b*" } }, { k: ["arn:aws:s3:::bucket"] }, true],
  ["ArnNotLike", { ArnNotLike: { k: "arn:aws:s3:::b*" } }, { k: ["arn:aws:s3:::bucket"] }, false],
  ["Null: absent", { Null: { k: "true" } }, {}, true],
  ["Null: present", { Null: { k: "true" } }, { k: ["a"] }, false],
])("condition %s", (_name, Condition, facts, holds) => {
  expect(
    ask([{ Effect: "Allow", Action: "*", Resource: "*", Condition }], "s3:GetObject", "arn:aws:s3:::a", facts),
  ).toBe(holds ? "allow" : "silent");
});

const ALLOW = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
test.each<[string, unknown, string]>([
  ["an unknown element", { ...ALLOW, Actions: "x" }, "Actions"],
  [
    "an unknown operator",
    { ...ALLOW, Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } },
    'unknown condition operator "IpAddress"',
  ],
  [
    "a misspelt operator",
    { ...ALLOW, Condition: { StringEqual: { k: "a" } } },
    'unknown condition operator "StringEqual"',
  ],
  [
    "a misspelt quantifier",
    { ...ALLOW, Condition: { "ForAllValue:StringEquals": { k: "a" } } },
    "unknown condition operator",
  ],
  [
    "an inherited name",
    { ...ALLOW, Condition: { constructor: { k: "a" } } },
    'unknown condition operator "constructor"',
  ],
  ["a policy variable", { ...ALLOW, Resource: "arn:aws:s3:::b/${aws:username}/*" }, "${aws:username}"],
  ["no effect", { Action: "*", Resource: "*" }, "Effect"],
  ["an unknown effect", { ...ALLOW, Effect: "Permit" }, "Effect"],
  ["no action", { Effect: "Allow", Resource: "*" }, "exactly one of Action and NotAction"],
  ["two kinds of resource", { ...ALLOW, NotResource: "a" }, "exactly one of Resource and NotResource"],
  ["a word that is no action", { ...ALLOW, Action: "GetObject" }, '"GetObject" is not an action'],
  ["a principal in an identity policy", { ...ALLOW, Principal: "*" }, "Principal may not stand in an identity policy"],
  ["NotPrincipal", { ...ALLOW, NotPrincipal: "*" }, "NotPrincipal"],
])("%s is an error when the policy is loaded", (_name, document, message) => {
  expect(() => parsePolicy({ Version: "2012-10-17", Statement: [document] }, "identity", "policy P of role R")).toThrow(
    message,
  );
  expect(() => parsePolicy({ Version: "2012-10-17", Statement: [document] }, "identity", "policy P of role R")).toThrow(
    "policy P of role R",
  );
});
