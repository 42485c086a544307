/**
 * The whole product on one machine, from `farthing up` to the answer: the synthesised templates and the built bundles, real
 * processes, real AWS SDK calls. One platform for all of it; what ends it comes last.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { farthingCommand } from "../cli/farthing-command.ts";
import { badInputSuite } from "../conformance/bad-input.suite.ts";
import { batchSuite } from "../conformance/batch.suite.ts";
import { chatSuite } from "../conformance/chat.suite.ts";
import { call } from "../conformance/deployment.ts";
import { digitsSuite } from "../conformance/digits.suite.ts";
import { openaiClientSuite } from "../conformance/openai-client.suite.ts";
import { openaiPythonSuite } from "../conformance/openai-python.suite.ts";
import { textClientsSuite } from "../conformance/text-clients.suite.ts";
import { tritonClientSuite } from "../conformance/triton-client.suite.ts";
import { callWhile } from "./clients.ts";
import { processesOf, ROOT, type RunningFarthing, runFarthing, startFarthing } from "./running-farthing.ts";
import { thirdPartySuite } from "./third-party.suite.ts";

/** Starts, and suites that work for seconds, on two busy cores. */
const LONG_MILLIS = 90_000;

let folder: string;
let state: string;
let farthing: RunningFarthing;
const deployment = () => farthing.ready;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-platform-"));
  state = join(folder, "state");
  farthing = await startFarthing(state);
}, LONG_MILLIS);
afterAll(async () => {
  await farthing?.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

/** One that speaks to the running platform. */
const onPlatform = (...args: readonly string[]) => farthingCommand(...args, "--state", state);

describe("the first run", () => {
  test("the ready file says how to call, and only its owner may read it", () => {
    const { ready, readyFile } = farthing;
    expect(Object.keys(ready)).toEqual(["url", "apiKey", "environment", "pid", "models"]);
    expect(ready).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      apiKey: expect.stringMatching(/^fk_/),
      environment: "local",
      models: expect.arrayContaining([
        { name: "digits", task: "tensor", version: expect.stringMatching(/^[0-9a-f]{12}$/) },
        { name: "sentences", task: "embedding", version: expect.stringMatching(/^[0-9a-f]{12}$/) },
        { name: "sms-spam", task: "text-classification", version: expect.stringMatching(/^[0-9a-f]{12}$/) },
      ]),
    });
    expect(statSync(readyFile).mode & 0o077).toBe(0);
  });

  test("the three printed commands, pasted, give right answers", () => {
    const commands = farthing.output.out.split("\n").filter((line) => line.startsWith("curl "));
    expect(commands).toHaveLength(3);
    const [digit, spam, embedding] = commands.map((command) =>
      JSON.parse(execFileSync("bash", ["-c", command], { cwd: ROOT, encoding: "utf8" })),
    );
    const label = Number(/# a handwritten (\d)/.exec(farthing.output.out)?.[1]);
    const probabilities = digit.outputs[0].data as number[];
    expect(probabilities.indexOf(Math.max(...probabilities))).toBe(label);
    expect(spam.outputs[0].data).toEqual(["spam"]);
    expect(Math.hypot(...embedding.data[0].embedding)).toBeCloseTo(1, 3);
  });

  test("a text that was classified before comes from the cache", async () => {
    const body = { inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: ["Ring me when you are home"] }] };
    const first = await call(deployment(), "/v2/models/sms-spam/infer", { body });
    const second = await call(deployment(), "/v2/models/sms-spam/infer", { body });
    expect([first, second].map(({ headers }) => headers.get("x-farthing-cache"))).toEqual(["miss", "hit"]);
    expect(second.body.outputs).toEqual(first.body.outputs);
  });

  test("everything that the templates ask for has a simulator, or says by name that it has none", () => {
    expect(farthing.output.err).not.toMatch(/knows nothing of|has no simulator/);
  });
});

badInputSuite(deployment);
batchSuite(deployment);
chatSuite(deployment);
digitsSuite(deployment);
openaiClientSuite(deployment);
openaiPythonSuite(deployment);
textClientsSuite(deployment);
tritonClientSuite(deployment);
thirdPartySuite(deployment, { add: farthingCommand, publish: onPlatform });

describe("the command line", () => {
  test("lists, shows and reads logs", async () => {
    expect(await onPlatform("model", "list")).toMatch(/^digits +tensor +[0-9a-f]{12} +1 +small/m);
    expect(await onPlatform("model", "show", "digits")).toMatch(/^[0-9a-f]{12} .* live$/m);
    expect(await onPlatform("logs", "small")).toMatch(/ {2}small {2}200 .*digits [0-9a-f]{12}/);
  });

  test("a new tenant's key opens the API at once", async () => {
    const apiKey = await onPlatform("tenant", "create", "acme");
    expect((await call({ ...deployment(), apiKey }, "/v1/models")).status).toBe(200);
  });

  test("a second platform on the same state is refused, with the process to stop", async () => {
    const { output, ended } = runFarthing("up", "--port", "0", "--state", state);
    expect(await ended).toBe(1);
    expect(output.err).toMatch(new RegExp(`process ${deployment().pid}\\) runs from .*--state`));
  });

  test("a port that is taken is named, with another to try", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    try {
      const { output, ended } = runFarthing("up", "--port", String(port), "--state", join(folder, "other"));
      expect(await ended).toBe(1);
      expect(output.err).toMatch(new RegExp(`port ${port} is taken.*--port`));
    } finally {
      server.close();
    }
  });
});

describe("a new version under load", () => {
  const first = () => deployment().models.find(({ name }) => name === "digits")?.version as string;

  test(
    "takes over while 20 clients call, without a failed request; so does the rollback",
    async () => {
      const build = join(folder, "digits");
      cpSync(join(ROOT, "models/digits"), build, { recursive: true });
      const card = JSON.parse(readFileSync(join(build, "model.json"), "utf8"));
      writeFileSync(
        join(build, "model.json"),
        JSON.stringify({ ...card, description: "The same graph, described anew." }),
      );

      const forth = await callWhile(deployment(), 20, () => onPlatform("model", "publish", "digits", build));
      const second = /digits ([0-9a-f]{12}) is live/.exec(forth.result)?.[1] as string;
      expect(second).not.toBe(first());
      expect(forth.failures).toEqual([]);
      expect(forth.versionsBefore).toEqual([first()]);
      expect(forth.versionsAfter).toEqual([second]);

      const back = await callWhile(deployment(), 20, () => onPlatform("model", "rollback", "digits"));
      expect(back.failures).toEqual([]);
      expect(back.versionsBefore).toEqual([second]);
      expect(back.versionsAfter).toEqual([first()]);
    },
    LONG_MILLIS,
  );
});

describe("stop and start", () => {
  test("a stop leaves no process and no ready file", async () => {
    expect(processesOf(state).length).toBeGreaterThan(0);
    expect(await farthing.end("SIGTERM")).toBe(0);
    expect(processesOf(state)).toEqual([]);
    expect(existsSync(farthing.readyFile)).toBe(false);
  });

  test("the next start has the same key, models and tenants, and what was rolled back stays so", async () => {
    const before = farthing.ready;
    farthing = await startFarthing(state);
    expect(farthing.ready.apiKey).toBe(before.apiKey);
    expect(farthing.ready.models).toEqual(expect.arrayContaining([...before.models]));
    expect(farthing.output.err).toMatch(/unchanged/);
    expect(farthing.output.err).not.toMatch(/published/);
    expect((await call(deployment(), "/v2/models/digits")).status).toBe(200);
  });

  test("a kill that nobody can handle leaves no process either, and the next start takes the state over", async () => {
    await call(deployment(), "/v2/models/sms-spam/ready");
    expect(processesOf(state).length).toBeGreaterThan(0);
    expect(await farthing.end("SIGKILL")).toBe("SIGKILL");
    // Its keeper notices when the pipe closes; nobody waits for a keeper, so look until it has gone.
    while (processesOf(state).length > 0) await sleep(20);
    farthing = await startFarthing(state, "--no-demo");
    expect((await call(deployment(), "/v1/models")).body.data.length).toBeGreaterThanOrEqual(3);
  });
});
