import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildSync, type Metafile } from "esbuild";
import { buildBundle, RunningFunction } from "./running-function.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
/** Every byte is read and compiled at each cold start. 300 kB, of which OpenAI's protocol is 55, zod 28 and leases 19. */
const MAX_BUNDLE_BYTES = 320_000;

const bundle = buildBundle();
afterAll(() => bundle.remove());

test("what a cold start should not pay for is not in what it loads", () => {
  const { metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ["functions/inference/handler.ts"],
    bundle: true,
    splitting: true,
    outdir: "unwritten",
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node24",
    external: ["onnxruntime-node"],
    logLevel: "silent",
  });
  const packages = loadedAtStart(metafile).map((path) => path.replace(/^.*node_modules\//, ""));
  const unwanted = /^(?:zod\/v4\/(?:classic|locales)|@aws-sdk|@smithy|onnxruntime|aws-xray)/;
  expect(packages.filter((path) => unwanted.test(path))).toEqual([]);
  expect(packages).toContain("zod/v4/mini/schemas.js");
});

/** Everything behind the handler's import statements; what `import()` brings comes with the first request that needs it. */
function loadedAtStart({ outputs }: Metafile): readonly string[] {
  const start = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === "functions/inference/handler.ts");
  const loaded = new Set(start === undefined ? [] : [start]);
  for (const path of loaded) {
    for (const { path: imported, kind, external } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && !external) loaded.add(imported);
    }
  }
  return [...loaded].flatMap((path) =>
    Object.entries(outputs[path]?.inputs ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([input]) => input),
  );
}

test("it is small, and every require in it is one of Node's own or of the layer", () => {
  const text = readFileSync(bundle.path, "utf8");
  expect(text.length).toBeLessThan(MAX_BUNDLE_BYTES);
  const imports = [...text.matchAll(/(?:^|[;}\n])(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"/g)].map(
    (match) => match[1] as string,
  );
  expect(imports.length).toBeGreaterThan(3);
  expect(imports.filter((name) => !/^node:|^\.\/part-/.test(name))).toEqual([]);
});

test("a router starts without ONNX Runtime anywhere near", async () => {
  const router = await RunningFunction.start(bundle.path, {
    NODE_PATH: "",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    FARTHING_ENVIRONMENT: "prod",
    FARTHING_DEPLOYMENT: "router",
    FARTHING_REGISTRY_TABLE: "registry",
    FARTHING_TENANTS_TABLE: "tenants",
    FARTHING_MODEL_BUCKET: "models",
    POWERTOOLS_SERVICE_NAME: "farthing-router",
    POWERTOOLS_METRICS_NAMESPACE: "Farthing",
  });
  await router.stop();
  expect(router.output).toEqual([]);
});

test("a wrong variable stops the start, by name", async () => {
  const starting = RunningFunction.start(bundle.path, { FARTHING_ENVIRONMENT: "moon" });
  await expect(starting).rejects.toThrow("FARTHING_ENVIRONMENT: must be one of dev, staging, prod, local, onprem");
});
