import { assembly, resources } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

/** Every key below a value, at any depth. */
function keysBelow(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [key, ...keysBelow(child)]);
}

const acls = (variant: string) => resources(assembly(variant), "AWS::WAFv2::WebACL");

test.each(VARIANTS)(
  "$name: a firewall where the configuration has one, tied to the API's stage",
  ({ name, config }) => {
    const count = config.waf === false ? 0 : 1;
    expect(acls(name)).toHaveLength(count);
    const associations = resources(assembly(name), "AWS::WAFv2::WebACLAssociation");
    expect(associations).toHaveLength(count);
    const [stage] = resources(assembly(name), "AWS::ApiGateway::Stage");
    for (const { Properties } of associations) {
      expect(JSON.stringify(Properties?.ResourceArn)).toContain(`/stages/",{"Ref":"${stage?.id}"}`);
    }
  },
);

test("production has one", () => {
  expect(acls("prod")).toHaveLength(1);
});

describe("prompts look like attacks, so", () => {
  const rules = acls("prod").flatMap(({ Properties }) => Properties?.Rules as readonly Record<string, unknown>[]);

  test("no rule looks into a request: only the address counts", () => {
    const inspecting = [
      "FieldToMatch",
      "Body",
      "JsonBody",
      "ByteMatchStatement",
      "SqliMatchStatement",
      "XssMatchStatement",
    ];
    const keys = rules.flatMap(keysBelow);
    expect(keys.filter((key) => inspecting.includes(key) || key.startsWith("Regex"))).toEqual([]);
  });

  test("there are the two rules that are known not to, and no other", () => {
    const managed = rules.flatMap(({ Statement }) => {
      const { ManagedRuleGroupStatement } = Statement as {
        ManagedRuleGroupStatement?: { VendorName: string; Name: string };
      };
      return ManagedRuleGroupStatement === undefined ? [] : [ManagedRuleGroupStatement];
    });
    expect(managed).toEqual([{ VendorName: "AWS", Name: "AWSManagedRulesAmazonIpReputationList" }]);
    const rates = rules.filter(({ Statement }) => "RateBasedStatement" in (Statement as object));
    expect(rates).toHaveLength(1);
    expect(rates[0]?.Statement).toEqual({
      RateBasedStatement: { AggregateKeyType: "IP", Limit: 30_000, EvaluationWindowSec: 300 },
    });
    expect(rules).toHaveLength(2);
  });

  test("what no rule blocks is let through", () => {
    expect(acls("prod")[0]?.Properties?.DefaultAction).toEqual({ Allow: {} });
  });
});
