/** The container of a GPU model is killed under many streams: every one ends, and what was charged is what was delivered. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { ROOT, type RunningFarthing, startFarthing } from "./running-farthing.ts";

const MODEL = "glossary-endpoint";
const STREAMS = 60;
const START_MILLIS = 90_000;

let folder: string;
let platform: RunningFarthing;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-gpu-death-"));
  const config = join(folder, "config.ts");
  // One process of many requests: a process for each of the streams would be another test.
  writeFileSync(
    config,
    `import base from ${JSON.stringify(pathToFileURL(join(ROOT, "farthing.config.ts")).href)};\n` +
      `const endpoints = [{ name: "demo", models: ["${MODEL}"] }];\n` +
      "export default { environments: { onprem: { ...base.environments.onprem, endpoints } } };\n",
  );
  platform = await startFarthing(folder, "--env", "onprem", "--config", config, "--gpu-wake", "1");
}, START_MILLIS);
afterAll(async () => {
  await platform?.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const headers = () => ({ authorization: `Bearer ${platform.ready.apiKey}`, "content-type": "application/json" });

async function ask(word: string, stream: boolean, wishes: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${platform.ready.url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...headers(), ...wishes },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: "user", content: word }],
      max_tokens: 120,
      stream,
      ...(stream && { stream_options: { include_usage: true } }),
    }),
  });
  const text = await response.text();
  return { status: response.status, text, by: /"model":"([^"]+)"/.exec(text)?.[1] };
}

async function awake(): Promise<void> {
  while ((await ask("farthing", false, { prefer: "wait=60" })).by !== MODEL) await sleep(200);
}

async function outputTokens(): Promise<{ readonly requests: number; readonly tokens: number }> {
  const response = await fetch(`${platform.ready.url}/v1/usage`, { headers: headers() });
  const { total } = (await response.json()) as { readonly total: { requests: number; output_tokens: number } };
  return { requests: total.requests, tokens: total.output_tokens };
}

function containers(): readonly number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  return lines
    .filter(
      (line) =>
        line.includes(join(ROOT, "cli/gpu-container")) && line.trim().split(/\s+/)[1] === String(platform.ready.pid),
    )
    .map((line) => Number(line.trim().split(/\s+/)[0]));
}

const deliveredTokens = (text: string): number => {
  const said = /"completion_tokens":(\d+)/.exec(text)?.[1];
  // A broken stream says nothing of usage; each of this model's deltas is a token.
  return said === undefined ? (text.match(/"content":"[^"]/g) ?? []).length : Number(said);
};

test("killed under streams", async () => {
  await awake();
  await sleep(3_000);
  const before = await outputTokens();
  const running = Array.from({ length: STREAMS }, (_, index) => ask(`word ${index}`, true));
  const first = await Promise.race(running.map(async (stream) => (await stream).status));
  expect(first).toBe(200);
  const pids = containers();
  expect(pids).toHaveLength(1);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  const ended = await Promise.all(running);
  for (const { status, text } of ended) {
    expect(status).toBe(200);
    expect(text).toMatch(/data: \[DONE\]\n\n$|"error":\{.*\}\n\n$/);
  }
  // What had not begun was answered by the stand-in; what had, could only break.
  expect(ended.filter(({ by, text }) => by !== MODEL || !text.endsWith("[DONE]\n\n")).length).toBeGreaterThan(0);
  const delivered = ended.reduce((sum, { text }) => sum + deliveredTokens(text), 0);
  let after = await outputTokens();
  for (let tries = 0; tries < 100 && after.requests - before.requests < STREAMS; tries++) {
    await sleep(200);
    after = await outputTokens();
  }
  expect(after).toEqual({ requests: before.requests + STREAMS, tokens: before.tokens + delivered });
  // Nobody starts anything again but the endpoint itself.
  await awake();
}, 120_000);
