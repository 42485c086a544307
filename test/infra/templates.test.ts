import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IDLE_PRICES } from "../../core/pricing/idle-prices.ts";
import { MAX_API_RESOURCES } from "../../infra/config-rules.ts";
import { assembly, resources } from "./assembly.ts";
import { readJson } from "./repository.ts";
import { VARIANTS } from "./variants.ts";

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_RESOURCES = 500;
/** Lines that cannot be counted, and batches that were given up. */
const USAGE_ALARMS = 2;
/** Of a governed cache: a month that gets too dear, and commands that are turned away. */
const CACHE_ALARMS = 2;

describe.each(VARIANTS)("$name", ({ name, environment, config }) => {
  test("four stacks, by their names, and one more each for GPUs, a cache, its governor and its network", () => {
    const stacks = globSync("*.template.json", { cwd: assembly(name).directory }).sort();
    expect(stacks).toEqual(
      [
        "api",
        ...(config.cache ? ["cache"] : []),
        "data",
        ...(config.endpoints.length > 0 ? ["endpoints"] : []),
        ...(config.cache?.governor ? ["governor"] : []),
        "models",
        ...(config.cache?.network === "vpc" ? ["network"] : []),
        "usage",
      ].map((stack) => `farthing-${environment}-${stack}.template.json`),
    );
  });

  test("every template is within CloudFormation's limit, the API within API Gateway's", () => {
    for (const { Resources } of Object.values(assembly(name).templates)) {
      expect(Object.keys(Resources).length).toBeLessThan(MAX_RESOURCES);
    }
    expect(resources(assembly(name), "AWS::ApiGateway::Resource").length + 1).toBeLessThanOrEqual(MAX_API_RESOURCES);
  });

  test("nothing runs but the serving functions: no custom resource, no helper function of the CDK", () => {
    const types = new Set(resources(assembly(name)).map(({ Type }) => Type));
    expect(
      [...types].filter((type) => type.startsWith("Custom::") || type === "AWS::CloudFormation::CustomResource"),
    ).toEqual([]);
    for (const { Properties } of resources(assembly(name), "AWS::Lambda::Function")) {
      expect(Properties?.FunctionName).toMatch(/^farthing-/);
    }
  });

  test("every resource type has a price for doing nothing", () => {
    const unknown = resources(assembly(name)).filter(({ Type }) => !(Type in IDLE_PRICES));
    expect(unknown.map(({ Type }) => Type)).toEqual([]);
  });

  test("what can carry tags says its environment, and the configuration's tags", () => {
    const tagged = resources(assembly(name)).flatMap(({ Properties }) =>
      Array.isArray(Properties?.Tags) ? [Properties.Tags as { Key: string; Value: string }[]] : [],
    );
    expect(tagged.length).toBeGreaterThan(5);
    for (const tags of tagged) {
      const pairs = Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
      expect(pairs).toMatchObject({ "farthing:environment": environment, ...config.tags });
    }
  });

  test("failures raise alarms where the configuration wants them", () => {
    // Those of endpoints scale, or take an update back.
    const alarms = resources(assembly(name), "AWS::CloudWatch::Alarm").filter(({ stack }) => stack !== "endpoints");
    const functions = resources(assembly(name), "AWS::Lambda::Function").length;
    const cacheAlarms = config.cache?.governor ? CACHE_ALARMS : 0;
    expect(alarms).toHaveLength(config.alarms === false ? 0 : 1 + 2 * functions + USAGE_ALARMS + cacheAlarms);
    const topic = config.alarms === false ? undefined : config.alarms.topicArn;
    for (const { Properties } of alarms) {
      expect(Properties?.AlarmActions).toEqual(topic === undefined ? undefined : [topic]);
      expect(Properties?.TreatMissingData).toBe("notBreaching");
    }
  });

  test("no template knows the machine that made it", () => {
    for (const file of globSync("*.template.json", { cwd: assembly(name).directory })) {
      expect(readFileSync(join(assembly(name).directory, file), "utf8")).not.toContain(process.cwd());
    }
  });
});

test("without an account in the configuration the stacks go wherever the credentials point", () => {
  const { artifacts } = readJson(join(assembly("prod").directory, "manifest.json")) as {
    readonly artifacts: Readonly<Record<string, { readonly environment?: string }>>;
  };
  expect(artifacts["farthing-prod-api"]?.environment).toBe("aws://unknown-account/unknown-region");
});

test("with an account they go there only, data first", () => {
  const { artifacts } = readJson(join(assembly("everything").directory, "manifest.json")) as {
    readonly artifacts: Readonly<
      Record<string, { readonly environment?: string; readonly dependencies?: readonly string[] }>
    >;
  };
  expect(artifacts["farthing-prod-data"]?.environment).toBe("aws://111122223333/eu-central-1");
  expect(artifacts["farthing-prod-models"]?.dependencies).toContain("farthing-prod-data");
  expect(artifacts["farthing-prod-api"]?.dependencies).toContain("farthing-prod-models");
});
