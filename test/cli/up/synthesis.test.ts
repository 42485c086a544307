import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { synthesize } from "../../../cli/up/synthesis.ts";

let root: string;
let stateDirectory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "farthing-synthesis-"));
  stateDirectory = join(root, "state");
  for (const folder of ["infra", "functions", "state"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "cdk.json"), JSON.stringify({ context: { flag: true } }));
  app(`writeFileSync(join(out, "manifest.json"), process.env.CDK_CONTEXT_JSON);`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A CDK app as far as its caller can tell: it writes to the directory that it is given. */
function app(work: string): void {
  const head = `import { mkdirSync, writeFileSync } from "node:fs"; import { join } from "node:path";`;
  writeFileSync(
    join(root, "infra/app.ts"),
    `${head} const out = process.env.CDK_OUTDIR as string; mkdirSync(out, { recursive: true }); ${work}`,
  );
}
const run = (signal = new AbortController().signal) => synthesize({ root, environment: "dev", stateDirectory, signal });

test("runs the app with the context of cdk.json and the environment", async () => {
  const { directory, fresh } = await run();
  expect(fresh).toBe(true);
  expect(JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8"))).toEqual({
    flag: true,
    env: "dev",
    modelCache: expect.stringMatching(/model-cache$/),
  });
});

test("keeps the assembly while nothing that it is made of changes, and replaces it when something does", async () => {
  const first = await run();
  expect(await run()).toEqual({ directory: first.directory, fresh: false });
  writeFileSync(join(root, "functions/handler.ts"), "export {};");
  const second = await run();
  expect(second.fresh).toBe(true);
  expect(readdirSync(stateDirectory).filter((name) => name.startsWith("cdk.out"))).toHaveLength(1);
  expect(existsSync(first.directory)).toBe(false);
});

test("an assembly holds for as many processors as it was made for", async () => {
  const on = (processors: number) =>
    synthesize({ root, environment: "dev", stateDirectory, signal: new AbortController().signal, processors });
  await on(2);
  expect(await on(2)).toMatchObject({ fresh: false });
  expect(await on(1)).toMatchObject({ fresh: true });
});

test("a failure has the app's own words, and the assembly before it still stands", async () => {
  const { directory } = await run();
  app(`process.stderr.write("There is no environment dev."); process.exit(1);`);
  await expect(run()).rejects.toThrow("the CDK app ended with 1:\nThere is no environment dev.");
  expect(existsSync(join(directory, "manifest.json"))).toBe(true);
});

test("ends the app when it is told to stop", async () => {
  app("setInterval(() => {}, 1_000);");
  const stop = new AbortController();
  const running = run(stop.signal);
  setTimeout(() => stop.abort(), 100);
  await expect(running).rejects.toThrow(/abort/i);
});
