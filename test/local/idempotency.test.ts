/**
 * Requests with an Idempotency-Key on the whole platform: streams that are read along by a second caller, of processes that are
 * killed, and of callers whose connection is cut. The model is a server of this test's own that says a word each tenth of a second.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import OpenAI from "openai";
import { clientSettings } from "../../cli/where.ts";
import { ALIVE_MILLIS, HEARTBEAT_MILLIS } from "../../core/idempotency/once-record.ts";
import { SWEEP_EVENT } from "../../core/jobs/job-event.ts";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import { type ChatEngine, cachedChat, startChatEngine } from "./chat-engine.ts";
import { functionProcesses } from "./function-processes.ts";
import { farthingOn, ROOT, type RunningFarthing, startFarthing } from "./running-farthing.ts";

const START_MILLIS = 60_000;
const WORDS = Array.from({ length: 15 }, (_, index) => `word${index} `);

let folder: string;
let engine: ChatEngine;
let platform: RunningFarthing;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-once-"));
  engine = await startChatEngine({ words: () => WORDS, wordMillis: 100 });
  const config = join(folder, "farthing.config.mjs");
  writeFileSync(config, `export default ${JSON.stringify(cachedChat(engine.url, ["far-chat", "kept-chat"]))};\n`);
  platform = await startFarthing(join(folder, "state"), "--config", config, "--no-demo");
  const fixture = join(ROOT, "test/fixtures/upstreams/far-chat");
  expect(await cli("model", "publish", "far-chat", fixture)).toMatchObject({ code: 0 });
  const card = JSON.parse(readFileSync(join(fixture, "model.json"), "utf8")) as object;
  const kept = join(folder, "kept-chat");
  mkdirSync(kept);
  writeFileSync(join(kept, "model.json"), JSON.stringify({ ...card, name: "kept-chat", cache: { ttlSeconds: 600 } }));
  expect(await cli("model", "publish", "kept-chat", kept)).toMatchObject({ code: 0 });
}, START_MILLIS);
afterAll(async () => {
  await platform?.end("SIGTERM");
  engine?.close();
  rmSync(folder, { recursive: true, force: true });
}, START_MILLIS);

const cli = (...args: readonly string[]) => farthingOn(join(folder, "state"), ...args);

/** With a connection of its own. */
async function stream(key: string, model = "far-chat") {
  const client = new OpenAI({ apiKey: platform.ready.apiKey, baseURL: `${platform.ready.url}/v1`, maxRetries: 0 });
  const controller = new AbortController();
  const { data, response } = await client.chat.completions
    .create(
      { model, messages: [{ role: "user", content: "Speak" }], temperature: 0, stream: true },
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

/** Of one request. Waits until there is one. */
async function linesOf(requestId: string | null): Promise<readonly UsageLine[]> {
  for (let tries = 0; ; tries++) {
    const { out } = await cli("logs", "--json");
    const events = out.split("\n").filter((event) => event.startsWith("{"));
    const messages = events.map((event) => (JSON.parse(event) as { readonly message: string }).message);
    const lines = messages.filter((message) => message.includes('"farthing.usage/'));
    const found = lines.map((line) => JSON.parse(line) as UsageLine).filter((line) => line.requestId === requestId);
    if (found.length > 0 || tries === 8) return found;
    await sleep(300);
  }
}

/** What the platform does by itself once a minute. */
async function sweep(): Promise<void> {
  const lambda = new LambdaClient(clientSettings({ env: "local", state: join(folder, "state") }, ROOT));
  const Payload = JSON.stringify(SWEEP_EVENT);
  const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: "farthing-local-router", Payload }));
  expect(FunctionError).toBeUndefined();
  lambda.destroy();
}

test(
  "the openai client goes on with a stream whose connection was cut, and gets the text of an undisturbed run",
  async () => {
    const undisturbed = await stream("undisturbed");
    expect(await undisturbed.ended).toBeUndefined();
    expect(undisturbed.text()).toBe(WORDS.join(""));

    const before = engine.calls.length;
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
    expect(engine.calls).toHaveLength(before + 1);
  },
  START_MILLIS,
);

test(
  "a stream of a model with a cache: cut, gone on with, and kept for the next one who asks",
  async () => {
    const before = engine.calls.length;
    const first = await stream("cut-and-kept", "kept-chat");
    expect(first.response.headers.get("x-farthing-cache")).toBe("miss");
    await until(() => first.text().includes("word3"));
    first.cut();
    await first.ended;
    const second = await stream("cut-and-kept", "kept-chat");
    expect(await second.ended).toBeUndefined();
    expect([second.text(), second.response.headers.get("x-farthing-idempotent-replay")]).toEqual([
      WORDS.join(""),
      "true",
    ]);
    // The cache gets 15 ms; on a busy machine it may miss them, and the model is asked again.
    let cache: string | null = null;
    for (let attempt = 0; cache !== "hit" && attempt < 20; attempt++) {
      const other = await stream(`another-key-${attempt}`, "kept-chat");
      expect(await other.ended).toBeUndefined();
      expect(other.text()).toBe(WORDS.join(""));
      cache = other.response.headers.get("x-farthing-cache");
      expect(engine.calls).toHaveLength(before + 1 + attempt + (cache === "hit" ? 0 : 1));
    }
    expect(cache).toBe("hit");
  },
  START_MILLIS,
);

test(
  "processes that are killed in streams: everything so far, then `interrupted`, charged for that; also for who never comes back",
  async () => {
    const before = engine.calls.length;
    const [first, forgotten] = await Promise.all([stream("killed"), stream("forgotten")]);
    await until(() => first.text().includes("word5") && forgotten.text().includes("word5"));
    for (const pid of functionProcesses(platform.ready.pid, "farthing-local-router")) process.kill(pid, "SIGKILL");
    await Promise.all([first.ended, forgotten.ended]);
    const killedAtMillis = Date.now();
    const second = await stream("killed");
    const error = await second.ended;
    expect(error?.code).toBe("interrupted");
    expect(WORDS.join("").startsWith(second.text())).toBe(true);
    expect(second.text().startsWith(first.text())).toBe(true);
    expect(second.text()).not.toBe(WORDS.join(""));
    const words = second.text().trim().split(" ").length;
    expect(words).toBeGreaterThanOrEqual(6);
    const [line] = await linesOf(first.response.headers.get("x-request-id"));
    expect(line).toMatchObject({ error: "interrupted", delivered: true, outputTokens: words });
    expect(line?.priceUsd).toBeGreaterThan(0);

    await sleep(Math.max(0, killedAtMillis + ALIVE_MILLIS + HEARTBEAT_MILLIS - Date.now()));
    await sweep();
    await sweep();
    const charged = await linesOf(forgotten.response.headers.get("x-request-id"));
    expect(charged).toMatchObject([{ error: "interrupted", delivered: true }]);
    expect(charged[0]?.outputTokens).toBeGreaterThanOrEqual(forgotten.text().trim().split(" ").length);
    expect(charged[0]?.priceUsd).toBeGreaterThan(0);
    expect(engine.calls).toHaveLength(before + 2);
  },
  START_MILLIS,
);
