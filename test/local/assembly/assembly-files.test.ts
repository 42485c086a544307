import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AssetCopies } from "../../../local/assembly/assets.ts";
import { changedFunctions } from "../../../local/assembly/changed-functions.ts";
import { readCloudAssembly } from "../../../local/assembly/cloud-assembly.ts";
import type { Template } from "../../../local/assembly/template.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "farthing-assembly-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** As the CDK writes it: one stack with a template, an asset manifest, and what that names. */
function writeAssembly(folder: string, template: Template, assets: Record<string, string> = {}) {
  const at = join(directory, folder);
  mkdirSync(at, { recursive: true });
  const write = (file: string, value: unknown) => writeFileSync(join(at, file), JSON.stringify(value));
  write("manifest.json", {
    version: "1",
    artifacts: {
      app: {
        type: "aws:cloudformation:stack",
        dependencies: ["app.assets", "data"],
        properties: { templateFile: "app.json" },
      },
      "app.assets": { type: "cdk:asset-manifest", properties: { file: "app.assets.json" } },
      data: { type: "aws:cloudformation:stack", properties: { templateFile: "data.json", stackName: "the-data" } },
      Tree: { type: "cdk:tree", properties: { file: "tree.json" } },
    },
  });
  write("app.json", template);
  write("data.json", { Resources: {} });
  write("app.assets.json", {
    files: Object.fromEntries(
      Object.entries(assets).map(([hash, path]) => [
        hash,
        { source: { path }, destinations: { here: { objectKey: `${hash}.zip` } } },
      ]),
    ),
  });
  for (const path of Object.values(assets)) {
    mkdirSync(join(at, path), { recursive: true });
    writeFileSync(join(at, path, "index.mjs"), `// ${path}`);
  }
  return at;
}

describe("reading an assembly", () => {
  test("stacks come in the order of their dependencies, assets by their object key", () => {
    const at = writeAssembly("out", { Resources: {} }, { abc: "asset.abc" });
    const { stacks, assets } = readCloudAssembly(at);
    expect(stacks.map(({ name }) => name)).toEqual(["the-data", "app"]);
    expect([...assets]).toEqual([["abc.zip", join(at, "asset.abc")]]);
  });

  test.each([
    ["is absent", (at: string) => rmSync(join(at, "manifest.json")), "manifest.json cannot be read"],
    ["is cut off", (at: string) => writeFileSync(join(at, "app.json"), '{"Resources":'), "app.json cannot be read"],
    ["holds no stack", (at: string) => writeFileSync(join(at, "manifest.json"), '{"artifacts":{}}'), "holds no stack"],
  ])("a file that %s is named", (_what, damage, message) => {
    const at = writeAssembly("out", { Resources: {} });
    damage(at);
    expect(() => readCloudAssembly(at)).toThrow(message);
  });
});

describe("copies of assets", () => {
  test("are made once, whole, and stay when a newer assembly is read", () => {
    const at = writeAssembly("out", { Resources: {} }, { abc: "asset.abc" });
    const copies = new AssetCopies(join(directory, "copies"), readCloudAssembly(at).assets);
    const copy = copies.path("abc.zip");
    expect(readFileSync(join(copy, "index.mjs"), "utf8")).toBe("// asset.abc");
    const { mtimeMs } = statSync(join(copy, "index.mjs"));
    expect(copies.path("abc.zip")).toBe(copy);
    expect(statSync(join(copy, "index.mjs")).mtimeMs).toBe(mtimeMs);

    const next = writeAssembly("next", { Resources: {} }, { def: "asset.def" });
    copies.renew(readCloudAssembly(next).assets);
    expect(copies.path("def.zip")).not.toBe(copy);
    expect(existsSync(copy)).toBe(true);
    expect(readdirSync(join(directory, "copies")).toSorted()).toEqual(["asset.abc", "asset.def"]);
  });

  test("are made again when files of them are gone", () => {
    const at = writeAssembly("out", { Resources: {} }, { abc: "asset.abc" });
    const copies = new AssetCopies(join(directory, "copies"), readCloudAssembly(at).assets);
    rmSync(join(copies.path("abc.zip"), "index.mjs"));
    expect(readFileSync(join(copies.path("abc.zip"), "index.mjs"), "utf8")).toBe("// asset.abc");
  });

  test("of assets that an assembly does not have go when asked", () => {
    const old = writeAssembly("old", { Resources: {} }, { abc: "asset.abc" });
    new AssetCopies(join(directory, "copies"), readCloudAssembly(old).assets).path("abc.zip");
    const next = writeAssembly("next", { Resources: {} }, { def: "asset.def" });
    const copies = new AssetCopies(join(directory, "copies"), readCloudAssembly(next).assets);
    copies.path("def.zip");
    copies.removeOthers();
    expect(readdirSync(join(directory, "copies"))).toEqual(["asset.def"]);
  });

  test("what the assembly has not, or what is not there, is an error that names it", () => {
    const at = writeAssembly("out", { Resources: {} }, { abc: "asset.abc" });
    const copies = new AssetCopies(join(directory, "copies"), readCloudAssembly(at).assets);
    rmSync(join(at, "asset.abc"), { recursive: true });
    expect(() => copies.path("abc.zip")).toThrow(`the asset ${join(at, "asset.abc")} is not there`);
    expect(() => copies.path("other.zip")).toThrow('the assembly has no asset "other.zip"');
  });
});

describe("what a running platform can take over", () => {
  const assembly = (Resources: Template["Resources"]) => ({
    directory,
    stacks: [{ name: "s", template: Resources === undefined ? {} : { Resources } }],
    assets: new Map(),
  });
  const lambda = (S3Key: string, MemorySize = 128) => ({
    Type: "AWS::Lambda::Function",
    Properties: { Code: { S3Bucket: "b", S3Key }, MemorySize },
    Metadata: { "aws:asset:path": `asset.${S3Key}` },
  });
  const before = assembly({ F: lambda("old"), G: lambda("same"), T: { Type: "T" } });

  test("a function whose code alone changed", () => {
    const after = assembly({ F: lambda("new"), G: lambda("same"), T: { Type: "T" } });
    expect(changedFunctions(before, after)).toEqual({
      functions: [{ address: "s/F", assetKey: "new" }],
      needsRestart: false,
    });
    expect(changedFunctions(before, before)).toEqual({ functions: [], needsRestart: false });
  });

  test.each([
    ["another setting", { F: lambda("old", 256), G: lambda("same"), T: { Type: "T" } }],
    ["a new resource", { F: lambda("old"), G: lambda("same"), T: { Type: "T" }, U: { Type: "T" } }],
    ["a resource less", { F: lambda("old"), G: lambda("same") }],
    ["another property", { F: lambda("old"), G: lambda("same"), T: { Type: "T", Properties: { a: 1 } } }],
  ])("%s needs a new start", (_what, resources) => {
    expect(changedFunctions(before, assembly(resources)).needsRestart).toBe(true);
  });
});
