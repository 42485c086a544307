import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildLayer } from "../../../layers/onnxruntime/build-layer.ts";
import { NOTICES } from "../../../layers/onnxruntime/contents.ts";
import { BYTES_PER_MB, checkSizeBudget } from "../../../layers/onnxruntime/size-budget.ts";
import { additionModel } from "./onnx-file.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const workspace = mkdtempSync(join(tmpdir(), "farthing-layer-"));
afterAll(() => rmSync(workspace, { recursive: true }));

const filesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));

const PACKAGE = "nodejs/node_modules/onnxruntime-node";

describe.each([
  { arch: "x64", megabytes: 60 },
  { arch: "arm64", megabytes: 40 },
])("linux-$arch", ({ arch, megabytes }) => {
  const layer = buildLayer({ platform: "linux", arch }, workspace);
  const files = filesBelow(layer.directory);

  test(`is at most ${megabytes} MB unzipped`, () => {
    const bytes = files.reduce((sum, file) => sum + statSync(join(layer.directory, file)).size, 0);
    expect(bytes).toBe(layer.bytes);
    expect(bytes).toBeLessThanOrEqual(megabytes * BYTES_PER_MB);
  });

  test("holds one platform's binaries", () => {
    const binaries = files.filter((file) => file.startsWith(`${PACKAGE}/bin/`));
    expect(binaries.length).toBeGreaterThan(0);
    expect(binaries.every((file) => file.startsWith(`${PACKAGE}/bin/napi-v6/linux/${arch}/`))).toBe(true);
  });

  test("holds nothing but code, binaries, package files and licences", () => {
    const other = files.filter(
      (file) => !/(\.js|\.node|\.so\.1|\/package\.json|\/LICENSE|\/ThirdPartyNotices\.txt)$/.test(file),
    );
    expect(other).toEqual([]);
    expect(files.filter((file) => /\/(esm|lib|script)\//.test(file))).toEqual([]);
    const packages = new Set(files.map((file) => file.split("/")[2]));
    expect([...packages].sort()).toEqual(["onnxruntime-common", "onnxruntime-node"]);
  });

  test("keeps the licence and the third parties' notices with each package", () => {
    for (const name of ["onnxruntime-node", "onnxruntime-common"]) {
      for (const notice of NOTICES) expect(files).toContain(`nodejs/node_modules/${name}/${notice}`);
    }
    expect(readFileSync(join(layer.directory, PACKAGE, "LICENSE"), "utf8")).toMatch(
      /^MIT License\s+Copyright \(c\) Microsoft/,
    );
  });

  test("has the same name and modes wherever it is built", () => {
    const elsewhere = buildLayer({ platform: "linux", arch }, join(workspace, "elsewhere"));
    expect(elsewhere.contentHash).toBe(layer.contentHash);
    expect(elsewhere.directory).not.toBe(layer.directory);
    for (const file of files) expect(statSync(join(layer.directory, file)).mode & 0o777).toBe(0o644);
  });
});

test("the two architectures have different names", () => {
  const hashes = ["x64", "arm64"].map((arch) => buildLayer({ platform: "linux", arch }, workspace).contentHash);
  expect(new Set(hashes).size).toBe(2);
});

test("a built layer is found again, not built again", () => {
  const target = { platform: "linux", arch: "arm64" };
  const { directory } = buildLayer(target, workspace);
  const marker = join(directory, PACKAGE, "package.json");
  const longAgo = new Date(0);
  utimesSync(marker, longAgo, longAgo);
  expect(buildLayer(target, workspace).directory).toBe(directory);
  expect(statSync(marker).mtimeMs).toBe(0);
});

test("this machine's layer runs a model outside the repository, as Lambda lays it out", () => {
  const { directory, version } = buildLayer({ platform: process.platform, arch: process.arch }, workspace);
  writeFileSync(join(workspace, "add.onnx"), additionModel);
  writeFileSync(
    join(workspace, "function.mjs"),
    `import { createRequire } from "node:module";
    const ort = createRequire(import.meta.url)("onnxruntime-node");
    const session = await ort.InferenceSession.create("add.onnx");
    const pair = (...values) => new ort.Tensor("float32", values, [2]);
    const { sum } = await session.run({ left: pair(1, 2), right: pair(10, 20) });
    console.log(JSON.stringify({ version: ort.env.versions.node, sum: [...sum.data] }));`,
  );
  const output = execFileSync(process.execPath, ["function.mjs"], {
    cwd: workspace,
    encoding: "utf8",
    env: { NODE_PATH: join(directory, "nodejs/node_modules") },
  });
  expect(JSON.parse(output)).toEqual({ version, sum: [11, 22] });
});

describe("the build script", () => {
  const build = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, "layers/onnxruntime/build.ts"), ...args], { encoding: "utf8" });

  test("prints what it built as JSON", () => {
    const { status, stdout } = build("--platform", "linux", "--arch", "x64", "--directory", workspace);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(buildLayer({ platform: "linux", arch: "x64" }, workspace));
  });

  test("says which platforms there are when asked for another", () => {
    const { status, stderr } = build("--platform", "linux", "--arch", "riscv64", "--directory", workspace);
    expect(status).toBe(1);
    expect(stderr).toContain("onnxruntime-node has no build for linux-riscv64; it has ");
    expect(stderr).toContain("linux-arm64, linux-x64");
  });

  test("says how it is used", () => {
    const { status, stderr } = build("--arch", "x64");
    expect(status).toBe(2);
    expect(stderr).toContain("usage: node layers/onnxruntime/build.ts");
  });
});

describe("the size budget", () => {
  const target = { platform: "linux", arch: "x64" };
  const file = (path: string, megabytes: number) => ({ path, bytes: megabytes * BYTES_PER_MB });

  test("is met to the byte", () => {
    expect(() => checkSizeBudget(target, [file("a", 60)])).not.toThrow();
    expect(() => checkSizeBudget(target, [file("a", 60), { path: "b", bytes: 1 }])).toThrow();
  });

  test("is broken with the sum and the largest files", () => {
    const files = [
      file("small.js", 1),
      file("libonnxruntime.so.1", 70),
      ...["b", "c", "d", "e"].map((name) => file(name, 2)),
    ];
    expect(() => checkSizeBudget(target, files)).toThrow(
      /79\.00 MB − 60\.00 MB = 19\.00 MB too much\.\n {2}70\.00 MB {2}libonnxruntime\.so\.1\n[^]*1\.00 MB {2}all other files/,
    );
  });

  test("holds for what Lambda runs only", () => {
    expect(() => checkSizeBudget({ platform: "darwin", arch: "arm64" }, [file("a", 500)])).not.toThrow();
  });
});
