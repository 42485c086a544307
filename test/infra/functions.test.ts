import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { assembly, resources } from "./assembly.ts";
import { readJson } from "./repository.ts";
import { VARIANTS } from "./variants.ts";

interface FunctionProperties {
  readonly FunctionName: string;
  readonly MemorySize: number;
  readonly Architectures: readonly string[];
  readonly Code: { readonly S3Key: string };
  readonly Layers?: readonly { readonly Ref: string }[];
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  readonly [name: string]: unknown;
}

/** The deployments of the one serving handler; the reconciler is another (reconciler.test.ts). */
const servingFunctions = (variant: string) =>
  resources(assembly(variant), "AWS::Lambda::Function").filter(({ stack }) => stack === "models");

const functions = (variant: string): Readonly<Record<string, FunctionProperties>> =>
  Object.fromEntries(
    servingFunctions(variant).map(({ Properties }) => {
      const properties = Properties as unknown as FunctionProperties;
      return [String(properties.Environment.Variables.FARTHING_DEPLOYMENT), properties];
    }),
  );

const layersOf = (variant: string) =>
  new Map(resources(assembly(variant), "AWS::Lambda::LayerVersion").map((layer) => [layer.id, layer]));

describe.each(VARIANTS)("$name", ({ name, environment, config, decisions }) => {
  test("one deployment for each group that the router does not hold, and the router", () => {
    const groups = config.modelGroups.map((group) => group.name).filter((group) => group !== config.router.holds);
    expect(Object.keys(functions(name)).sort()).toEqual([...groups, "router"].sort());
  });

  test("all run the same code, on Node 24, with JSON logs in their own group", () => {
    const all = Object.values(functions(name));
    expect(new Set(all.map(({ Code }) => Code.S3Key)).size).toBe(1);
    for (const properties of all) {
      expect(properties).toMatchObject({
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        LoggingConfig: {
          LogFormat: "JSON",
          ApplicationLogLevel: "INFO",
          SystemLogLevel: config.logs.platformLevel,
          LogGroup: { Ref: expect.any(String) },
        },
      });
    }
  });

  test("traces are active where the configuration says so, and only there", () => {
    for (const { TracingConfig } of Object.values(functions(name))) {
      expect(TracingConfig).toEqual(config.tracing ? { Mode: "Active" } : undefined);
    }
  });

  test("memory, time-out and reserved concurrency are the plan's, else the configuration's", () => {
    for (const options of [{ ...config.router, name: "router" }, ...config.modelGroups]) {
      if (options.name === config.router.holds) continue;
      const properties = functions(name)[options.name];
      const planned = decisions?.plan.functions[options.name];
      expect(properties?.MemorySize).toBe(planned?.memoryMb ?? options.memoryMb);
      // The router's own, where nothing is configured: router-time.test.ts.
      if (options.timeoutSeconds !== undefined) expect(properties?.Timeout).toBe(options.timeoutSeconds);
      expect(properties?.ReservedConcurrentExecutions).toBe(
        planned?.reservedConcurrency ?? options.reservedConcurrency,
      );
    }
  });

  test("who holds models has the layer of its own architecture, and nobody else has one", () => {
    for (const [deployment, { Layers, Architectures, Environment }] of Object.entries(functions(name))) {
      const holds = Environment.Variables.FARTHING_MODEL_GROUP !== undefined;
      expect([deployment, Layers?.length ?? 0]).toEqual([deployment, holds ? 1 : 0]);
      for (const { Ref } of Layers ?? []) {
        expect(layersOf(name).get(Ref)?.Properties?.CompatibleArchitectures).toEqual(Architectures);
      }
    }
  });

  test("the variables are those of the contract, and the names are in every environment alike", () => {
    for (const [deployment, { FunctionName, Environment }] of Object.entries(functions(name))) {
      expect(FunctionName).toBe(`farthing-${environment}-${deployment}`);
      expect(Environment.Variables).toMatchObject({
        FARTHING_ENVIRONMENT: environment,
        FARTHING_REGISTRY_TABLE: { "Fn::ImportValue": `farthing-${environment}-RegistryTable` },
        FARTHING_TENANTS_TABLE: { "Fn::ImportValue": `farthing-${environment}-TenantsTable` },
        FARTHING_MODEL_BUCKET: { "Fn::ImportValue": `farthing-${environment}-ModelBucket` },
        POWERTOOLS_SERVICE_NAME: `farthing-${deployment}`,
        POWERTOOLS_METRICS_NAMESPACE: "Farthing",
      });
    }
  });
});

test("as delivered, models run on x86_64 and the router on arm64", () => {
  for (const variant of ["dev", "staging", "prod"]) {
    expect(functions(variant).small?.Architectures).toEqual(["x86_64"]);
    expect(functions(variant).router?.Architectures).toEqual(["arm64"]);
  }
});

test("the router knows where to forward, the groups know nothing of each other", () => {
  const { router, small } = functions("prod");
  expect(JSON.parse(String(router?.Environment.Variables.FARTHING_REMOTE_GROUPS))).toEqual({
    small: "farthing-prod-small",
  });
  expect(small?.Environment.Variables).not.toHaveProperty("FARTHING_REMOTE_GROUPS");
  expect(small?.Environment.Variables).toMatchObject({ FARTHING_MODEL_GROUP: "small", FARTHING_PRELOAD: "digits" });
  expect(router?.Environment.Variables).not.toHaveProperty("FARTHING_MODEL_GROUP");
});

test("a router that holds a group serves it itself and forwards the others", () => {
  const variables = functions("everything").router?.Environment.Variables;
  expect(variables).toMatchObject({ FARTHING_MODEL_GROUP: "tiny", FARTHING_PRELOAD: "digits" });
  expect(JSON.parse(String(variables?.FARTHING_REMOTE_GROUPS))).toEqual({
    text: "farthing-prod-text",
    spare: "farthing-prod-spare",
  });
});

test("one layer for each architecture that holds models, however many groups share it", () => {
  // The router (tiny) and `spare` are arm64, `text` is x86_64.
  expect(layersOf("everything").size).toBe(2);
  expect(layersOf("prod").size).toBe(1);
});

test("on one machine, functions and layer are for that machine", () => {
  const architecture = process.arch === "arm64" ? "arm64" : "x86_64";
  for (const { Architectures } of Object.values(functions("local"))) expect(Architectures).toEqual([architecture]);
  const [layer] = layersOf("local").values();
  expect(layer?.Properties?.Description).toContain(`${process.platform}-${process.arch}`);
});

test("the bundle that the template names holds ES modules, and neither source maps nor ONNX Runtime", () => {
  const { directory } = assembly("prod");
  const { files } = readJson(join(directory, "farthing-prod-models.assets.json")) as {
    readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
  };
  const key = functions("prod").router?.Code.S3Key.replace(".zip", "") ?? "";
  const bundle = readdirSync(resolve(directory, files[key]?.source.path ?? "missing"));
  expect(bundle).toContain("index.mjs");
  const known = /^(?:index|part-[A-Z0-9]+)\.mjs(?:\.LEGAL\.txt)?$|^mozjpeg_dec\.wasm$/;
  expect(bundle.filter((name) => !known.test(name))).toEqual([]);
});
