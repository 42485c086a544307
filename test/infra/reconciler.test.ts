import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { USAGE_LINE_VERSION } from "../../core/metering/usage-line.ts";
import { parseLineCostFacts } from "../../core/pricing/cost/line-cost.ts";
import { matchesFilter, parseFilterPattern } from "../../local/logs/filter-pattern.ts";
import { assembly, resources } from "./assembly.ts";
import { readJson } from "./repository.ts";
import { VARIANTS } from "./variants.ts";

describe.each(VARIANTS)("$name", ({ name, environment, config }) => {
  const functionOf = () => resources(assembly(name), "AWS::Lambda::Function").filter(({ stack }) => stack === "usage");

  test("one function counts usage, and is told of nothing but its tables", () => {
    expect(functionOf()).toHaveLength(1);
    const { FunctionName, Environment, Layers } = functionOf()[0]?.Properties as Readonly<Record<string, unknown>>;
    expect(FunctionName).toBe(`farthing-${environment}-reconciler`);
    expect(Layers).toBeUndefined();
    expect(Object.keys((Environment as { Variables: object }).Variables).sort()).toEqual([
      "FARTHING_ENVIRONMENT",
      "FARTHING_LINE_COSTS",
      "FARTHING_TENANTS_TABLE",
      "FARTHING_USAGE_TABLE",
      "POWERTOOLS_SERVICE_NAME",
    ]);
  });

  test("it knows the cost of every deployment's requests, and who holds which model", () => {
    const variables = functionOf()[0]?.Properties?.Environment as {
      readonly Variables: Readonly<Record<string, string>>;
    };
    const facts = parseLineCostFacts(variables.Variables.FARTHING_LINE_COSTS as string);
    const deployments = resources(assembly(name), "AWS::Lambda::Function").flatMap(({ Properties }) => {
      const { Variables = {} } = (Properties?.Environment ?? {}) as { readonly Variables?: Record<string, unknown> };
      return typeof Variables.FARTHING_DEPLOYMENT === "string" ? [Variables.FARTHING_DEPLOYMENT] : [];
    });
    expect(Object.keys(facts.functions).sort()).toEqual(deployments.sort());
    for (const holder of Object.values(facts.holders)) expect(deployments).toContain(holder);
    expect(Object.keys(facts.endpointHours).sort()).toEqual(config.endpoints.flatMap(({ models }) => models).sort());
  });

  test("it hears every deployment that accounts for requests, and each only of its usage lines", () => {
    const deployments = ["router", ...config.modelGroups.map((group) => group.name)].filter(
      (deployment) => deployment !== config.router.holds,
    );
    const filters = resources(assembly(name), "AWS::Logs::SubscriptionFilter");
    expect(filters.map(({ Properties }) => Properties?.LogGroupName).sort()).toEqual(
      deployments.map((deployment) => `/farthing/${environment}/${deployment}`).sort(),
    );
    const line = JSON.stringify({ usage: USAGE_LINE_VERSION });
    for (const { Properties } of filters) {
      const pattern = parseFilterPattern(String(Properties?.FilterPattern));
      expect(matchesFilter(pattern, line)).toBe(true);
      expect(matchesFilter(pattern, JSON.stringify({ usage: "farthing.usage/2" }))).toBe(true);
      expect(matchesFilter(pattern, JSON.stringify({ debug: "farthing.debug/1" }))).toBe(false);
    }
    const permissions = resources(assembly(name), "AWS::Lambda::Permission").filter(({ stack }) => stack === "usage");
    expect(permissions).toHaveLength(filters.length);
    for (const { Properties } of permissions) expect(Properties).toMatchObject({ Principal: "logs.amazonaws.com" });
  });

  test("its bundle holds no model runtime and loads", async () => {
    const [{ Properties } = {}] = functionOf();
    const key = (Properties?.Code as { readonly S3Key: string }).S3Key.replace(".zip", "");
    const { files } = readJson(join(assembly(name).directory, `farthing-${environment}-usage.assets.json`)) as {
      readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
    };
    const directory = resolve(assembly(name).directory, files[key]?.source.path ?? "");
    expect(readdirSync(directory)).toContain("index.mjs");
  });
});
