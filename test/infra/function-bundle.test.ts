import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFunction } from "../../infra/constructs/function-bundle/function-bundle.ts";
import { ROOT } from "./repository.ts";

const workspace = mkdtempSync(join(tmpdir(), "farthing-bundle-"));
afterAll(() => rmSync(workspace, { recursive: true }));

function source(name: string, code: string): string {
  const folder = join(workspace, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "handler.ts"), code);
  return folder;
}

describe("the serving handler", () => {
  const bundle = bundleFunction(ROOT, "functions/inference/handler.ts", join(workspace, "serving"));
  const text = readFileSync(join(bundle.directory, "index.mjs"), "utf8");
  const modules = readdirSync(bundle.directory)
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => readFileSync(join(bundle.directory, name), "utf8"));

  test("is the same bundle each time", () => {
    const again = bundleFunction(ROOT, "functions/inference/handler.ts", join(workspace, "again"));
    expect(again.contentHash).toBe(bundle.contentHash);
    expect(again.directory).not.toBe(bundle.directory);
  });

  test("imports only what Node brings: the layer is reached by require, the rest is inside", () => {
    const specifiers = [...modules.join("\n").matchAll(/(?:[}\w*]\s*\bfrom|\bimport\s*\(?)\s*"([^"]+)"/g)].map(
      (match) => String(match[1]),
    );
    expect(specifiers.length).toBeGreaterThan(0);
    const parts = readdirSync(bundle.directory).map((name) => `./${name}`);
    const outside = specifiers.filter((specifier) => !specifier.startsWith("node:") && !isBuiltIn(specifier));
    // The SDK asks for it where it is installed, and goes on where it is not.
    const optional = ["@aws-sdk/signature-v4-crt"];
    expect(outside.filter((specifier) => !parts.includes(specifier) && !optional.includes(specifier))).toEqual([]);
  });

  test("loads outside the repository, and then asks for its environment variables", () => {
    const elsewhere = join(workspace, "elsewhere");
    cpSync(bundle.directory, elsewhere, { recursive: true });
    const load = 'import("./index.mjs").then(() => console.log("loaded"), (error) => console.log(error.message))';
    const output = execFileSync(process.execPath, ["-e", load], { cwd: elsewhere, encoding: "utf8", env: {} });
    expect(output).toContain("FARTHING_REGISTRY_TABLE");
  });

  test("holds the decoder of pictures beside the code, which reads it on first use", () => {
    const { compile } = (globalThis as unknown as { WebAssembly: { compile(code: Uint8Array): Promise<object> } })
      .WebAssembly;
    expect(modules.join()).toContain("mozjpeg_dec.wasm");
    return expect(compile(readFileSync(join(bundle.directory, "mozjpeg_dec.wasm")))).resolves.toBeDefined();
  });

  test("leaves its source map behind, under the bundle's name", () => {
    expect(readdirSync(bundle.directory).filter((file) => file.endsWith(".map"))).toEqual([]);
    expect(text).not.toContain("sourceMappingURL");
    const map = JSON.parse(readFileSync(join(bundle.sourceMapDirectory, "index.mjs.map"), "utf8")) as {
      readonly sources: readonly string[];
    };
    expect(map.sources.some((path) => path.endsWith("functions/inference/handler.ts"))).toBe(true);
  });
});

test("a change of the code changes the hash", () => {
  const hashes = ["1", "2"].map((value) => {
    const root = source(`value-${value}`, `export const handler = () => ${value};`);
    return bundleFunction(root, "handler.ts", join(root, "out")).contentHash;
  });
  expect(new Set(hashes).size).toBe(2);
});

test("the repository's own place does not change the hash", () => {
  const code = 'export const handler = () => "same";';
  const here = source("here", code);
  const other = source("other", code);
  expect(bundleFunction(other, "handler.ts", join(other, "out")).contentHash).toBe(
    bundleFunction(here, "handler.ts", join(here, "out")).contentHash,
  );
});

test("code that does not compile ends in esbuild's message, a missing file in ours", () => {
  const root = source("broken", "export const handler = (;");
  expect(() => bundleFunction(root, "handler.ts", join(root, "out"))).toThrow(/handler\.ts:1:/);
  expect(() => bundleFunction(root, "absent.ts", join(root, "out"))).toThrow(`absent.ts does not exist below ${root}`);
});

const isBuiltIn = (specifier: string): boolean => process.getBuiltinModule(specifier) !== undefined;

test("only the last ten bundles are kept", () => {
  const root = source("many", "");
  for (let value = 0; value < 15; value++) {
    writeFileSync(join(root, "handler.ts"), `export const handler = () => ${value};`);
    bundleFunction(root, "handler.ts", join(root, "out"));
  }
  expect(readdirSync(join(root, "out")).length).toBeLessThanOrEqual(22);
});
