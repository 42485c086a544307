import { findings } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

test("the checks run: cdk-nag finds a bare bucket, the CDK's own validation an impossible one", () => {
  const found = findings("canary").map(({ plugin, rule }) => `${plugin} ${rule}`);
  expect(found).toEqual(expect.arrayContaining(["AwsSolutions AwsSolutions-S1", "CloudFormation Validate W3030"]));
});

test.each(VARIANTS.map(({ name }) => name))(
  "%s: neither cdk-nag nor the CDK's own validation finds anything",
  (variant) => {
    expect(findings(variant)).toEqual([]);
  },
);
