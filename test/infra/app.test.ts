import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, readJson } from "./repository.ts";

const workspace = mkdtempSync(join(tmpdir(), "farthing-app-"));
afterAll(() => rmSync(workspace, { recursive: true }));

/** Nothing of this machine's AWS set-up reaches the app. */
const BARE = { PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`, HOME: workspace };
const run = (args: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
  spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", env: { ...BARE, ...variables } });

test("cdk synth needs no credentials, and ends with what the environment costs idle", () => {
  const output = join(workspace, "prod");
  const { status, stderr, stdout } = run([
    "node_modules/aws-cdk/bin/cdk",
    "synth",
    "-q",
    "-c",
    "env=prod",
    "-o",
    output,
  ]);
  expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: "" });
  expect(stderr).toContain("prod costs, idle, per month in USD (prices of us-east-1, 2026-11-24):");
  expect(stderr).toMatch(/WAF web ACL +1 ACL × 5 USD +5\.00\n/);
  expect(stderr).toMatch(/WAF rules +2 rules × 1 USD +2\.00\n/);
  expect(stderr).toMatch(/together +7\.90\n/);
  expect(existsSync(join(output, "farthing-prod-api.template.json"))).toBe(true);
}, 60_000);

test("farthing up's way: context and folder by variables, assets beside the templates, no cost table", () => {
  const output = join(workspace, "local");
  const { status, stderr } = run(["infra/app.ts"], { CDK_OUTDIR: output, CDK_CONTEXT_JSON: '{"env":"local"}' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { files } = readJson(join(output, "farthing-local-models.assets.json")) as {
    readonly files: Readonly<
      Record<string, { readonly source: { readonly path: string; readonly packaging: string } }>
    >;
  };
  const zips = Object.values(files).filter(({ source }) => source.packaging === "zip");
  expect(zips).toHaveLength(2);
  const inAssembly = (path: string) => zips.filter(({ source }) => existsSync(join(output, source.path, path)));
  expect(inAssembly("index.mjs")).toHaveLength(1);
  expect(inAssembly("nodejs/node_modules/onnxruntime-node/package.json")).toHaveLength(1);
}, 60_000);

test("two syntheses of the same sources are the same", () => {
  const [first, second] = ["first", "second"].map((name) => {
    const output = join(workspace, name);
    expect(run(["infra/app.ts"], { CDK_OUTDIR: output, CDK_CONTEXT_JSON: '{"env":"local"}' }).status).toBe(0);
    return ["data", "models", "api"].map((stack) =>
      readFileSync(join(output, `farthing-local-${stack}.template.json`), "utf8"),
    );
  });
  expect(second).toEqual(first);
}, 60_000);

test("without an environment, or with an unknown one, one line says which there are", () => {
  const { status, stderr } = run(["infra/app.ts", "-c", "env=nowhere"]);
  expect(status).toBe(1);
  expect(stderr).toBe(
    'There is no environment "nowhere". Say -c env=<name>; farthing.config.ts has dev, staging, prod, local, onprem.\n',
  );
});

test("more than fits into a function's variables ends the synthesis with the sum and a remedy", () => {
  const upstreams = Array.from({ length: 20 }, (_, index) => ({
    name: `rack-${index}`,
    url: `https://rack-${index}.example.com/v1`,
    models: { [`far-chat-${index}`]: `organisation/far-chat-${index}` },
  }));
  const config = join(workspace, "farthing.config.mjs");
  const environments = { prod: { modelGroups: [{ name: "small" }], upstreams } };
  writeFileSync(config, `export default ${JSON.stringify({ environments })};\n`);
  const { status, stderr } = run(["infra/app.ts"], {
    CDK_OUTDIR: join(workspace, "crowded"),
    CDK_CONTEXT_JSON: JSON.stringify({ env: "prod", config }),
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^The environment variables of the function farthing-prod-router would take \d+ bytes; Lambda allows 4096:\n +\d+ FARTHING_UPSTREAMS\n/,
  );
  expect(stderr).toContain("bytes: give it fewer upstreams");
}, 60_000);
