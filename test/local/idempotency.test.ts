/**
 * Requests with an Idempotency-Key on the whole platform: streams that are read along by a second caller, of processes that are
 * killed, and of callers whose connection is cut. The model is a server of this test's own that says a word each tenth of a second.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import type { FarthingConfigInput } from "../../infra/config.ts";
import { ROOT, type RunningFarthing, runFarthing, startFarthing } from "./running-farthing.ts";

const START_MILLIS = 60_000;
const WORDS = Array.from({ length: 15 }, (_, index) => `word${index} `);
const chunk = (delta: object, reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;

let asked = 0;
const engine: Server = createServer((request, response) => {
  if (request.method === "GET") {
    response.writeHead(200).end('{"object":"list","data":[]}');
    return;
  }
  request.resume().on("end", async () => {
    asked++;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of WORDS) {
      await sleep(100);
      response.write(chunk({ content }));
    }
    const usage = { prompt_tokens: 5, completion_tokens: WORDS.length };
    response.end(`${chunk({}, "stop")}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
  });
});

const configWith = (url: string): FarthingConfigInput => ({
  environments: {
    local: {
      removal: "destroy",
      protectData: false,
      tracing: false,
      cache: {},
      router: { architecture: "host" },
      modelGroups: [{ name: "small", memoryMb: 1769, architecture: "host" }],
      upstreams: [{ name: "slow", url, models: { "far-chat": "slow" } }],
    },
  },
});

let folder: string;
let platform: RunningFarthing;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-once-"));
  await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
  const config = join(folder, "farthing.config.mjs");
  const url = `http://127.0.0.1:${(engine.address() as AddressInfo).port}/v1`;
  writeFileSync(config, `export default ${JSON.stringify(configWith(url))};\n`);
  platform = await startFarthing(join(folder, "state"), "--config", config, "--no-demo");
  const published = await cli("model", "publish", "far-chat", join(ROOT, "test/fixtures/upstreams/far-chat"));
  expect(published).toMatchObject({ code: 0 });
}, START_MILLIS);
afterAll(async () => {
  await platform?.end("SIGTERM");
  engine.closeAllConnections();
  engine.close();
  rmSync(folder, { recursive: true, force: true });
}, START_MILLIS);

async function cli(...args: readonly string[]) {
  const { output, ended } = runFarthing(...args, "--state", join(folder, "state"));
  return { code: await ended, ...output };
}

/** With a connection of its own. */
async function stream(key: string) {
  const client = new OpenAI({ apiKey: platform.ready.apiKey, baseURL: `${platform.ready.url}/v1`, maxRetries: 0 });
  const controller = new AbortController();
  const { data, response } = await client.chat.completions
    .create(
      { model: "far-chat", messages: [{ role: "user", content: "Speak" }], stream: true },
      { headers: { "Idempotency-Key": key }, signal: controller.signal },
    )
    .withResponse();
  let text = "";
  const ended = (async () => {
    try {
      for await (const part of data) text += part.choices[0]?.delta.content ?? "";
    } catch (error) {
      return error as Error & { readonly code?: string };
    }
    return undefined;
  })();
  return { response, text: () => text, ended, cut: () => controller.abort() };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    if (waited > 20_000) throw new Error("it did not happen within 20 s");
    await sleep(10);
  }
}

/** Of the platform's processes, those that run this function. */
const processesOf = (functionName: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, "utf8");
        return variables.includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}\0`) && isOurs(Number(pid));
      } catch {
        return false;
      }
    })
    .map(Number);

function isOurs(pid: number): boolean {
  for (let parent = pid; parent > 1; ) {
    if (parent === platform.ready.pid) return true;
    parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${parent}/status`, "utf8"))?.[1] ?? 0);
  }
  return false;
}

/** Waits until there is one. */
async function lineOf(isIt: (line: UsageLine) => boolean): Promise<UsageLine | undefined> {
  for (let tries = 0; tries < 8; tries++) {
    const { out } = await cli("logs", "--json");
    const events = out.split("\n").filter((event) => event.startsWith("{"));
    const messages = events.map((event) => (JSON.parse(event) as { readonly message: string }).message);
    const lines = messages.filter((message) => message.includes('"farthing.usage/'));
    const found = lines.map((line) => JSON.parse(line) as UsageLine).find(isIt);
    if (found !== undefined) return found;
    await sleep(300);
  }
  return undefined;
}

test(
  "the openai client goes on with a stream whose connection was cut, and gets the text of an undisturbed run",
  async () => {
    const undisturbed = await stream("undisturbed");
    expect(await undisturbed.ended).toBeUndefined();
    expect(undisturbed.text()).toBe(WORDS.join(""));

    const before = asked;
    const first = await stream("cut");
    await until(() => first.text().includes("word3"));
    first.cut();
    await first.ended;
    expect(first.text()).not.toContain("word9");
    const second = await stream("cut");
    expect(second.response.headers.get("x-farthing-idempotent-replay")).toBe("true");
    await until(() => second.text().length > 0);
    expect(second.text()).not.toBe(WORDS.join(""));
    expect(await second.ended).toBeUndefined();
    expect(second.text()).toBe(undisturbed.text());
    // And once more, from the record.
    const third = await stream("cut");
    expect(await third.ended).toBeUndefined();
    expect(third.text()).toBe(undisturbed.text());
    expect(asked).toBe(before + 1);
  },
  START_MILLIS,
);

test(
  "a process that is killed in a stream: everything so far, then `interrupted`, charged for that",
  async () => {
    const before = asked;
    const first = await stream("killed");
    await until(() => first.text().includes("word5"));
    for (const pid of processesOf("farthing-local-router")) process.kill(pid, "SIGKILL");
    await first.ended;
    const second = await stream("killed");
    const error = await second.ended;
    expect(error?.code).toBe("interrupted");
    expect(WORDS.join("").startsWith(second.text())).toBe(true);
    expect(second.text().startsWith(first.text())).toBe(true);
    expect(second.text()).not.toBe(WORDS.join(""));
    const words = second.text().trim().split(" ").length;
    expect(words).toBeGreaterThanOrEqual(6);
    const line = await lineOf((each) => each.error === "interrupted");
    expect(line).toMatchObject({ delivered: true, outputTokens: words });
    expect(line?.priceUsd).toBeGreaterThan(0);
    expect(asked).toBe(before + 1);
  },
  START_MILLIS,
);
