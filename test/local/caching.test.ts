/**
 * The cache over eight execution environments that are processes, with a Valkey or Redis between them: how often a burst of one
 * question reaches the model, and what callers see while processes are killed. Each answer of the model says which call of it that was.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChatEngine, cachedChat, type EngineCall, startChatEngine } from "./chat-engine.ts";
import { functionProcesses, processWithPort } from "./function-processes.ts";
import { farthingOn, ROOT, type RunningFarthing, startFarthing } from "./running-farthing.ts";

const START_MILLIS = 60_000;
const ENVIRONMENTS = 8;
const WORDS = 6;
const BURST = 500;
/** Of the model whose answers do not last. */
const SHORT_TTL_MILLIS = 2_000;
/** An answer's time runs from when it was kept: on a busy machine some time after the engine had said it. */
const KEPT_LATE_MILLIS = 2_000;

/** To a question that begins with `same`, what the model says does not tell which call it was. */
const wordsOf = ({ question, serial }: EngineCall): readonly string[] =>
  Array.from({ length: WORDS }, (_, index) => (question.startsWith("same") ? `${index} ` : `${index}@${serial} `));

let folder: string;
let engine: ChatEngine;
let platform: RunningFarthing;
/** Milliseconds since the epoch, by call. */
const endedAt = new Map<number, number>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-caching-"));
  engine = await startChatEngine({
    words: wordsOf,
    wordMillis: 100,
    onEnd: ({ serial }) => endedAt.set(serial, Date.now()),
  });
  const config = join(folder, "farthing.config.mjs");
  writeFileSync(config, `export default ${JSON.stringify(cachedChat(engine.url, ["lasting", "passing"]))};\n`);
  platform = await startFarthing(
    join(folder, "state"),
    ...["--config", config, "--no-demo", "--environments", String(ENVIRONMENTS)],
  );
  const card = JSON.parse(readFileSync(join(ROOT, "test/fixtures/upstreams/far-chat/model.json"), "utf8")) as object;
  for (const [name, ttlSeconds] of [
    ["lasting", 600],
    ["passing", SHORT_TTL_MILLIS / 1000],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "model.json"), JSON.stringify({ ...card, name, cache: { ttlSeconds } }));
    expect((await cli("model", "publish", name, join(folder, name))).code).toBe(0);
  }
}, START_MILLIS);
afterAll(async () => {
  await platform?.end("SIGTERM");
  engine?.close();
  rmSync(folder, { recursive: true, force: true });
}, START_MILLIS);

const cli = (...args: readonly string[]) => farthingOn(join(folder, "state"), ...args);

interface Asked {
  readonly status: number;
  /** Words as far as they came. */
  readonly text: string;
  /** It came to its end. */
  readonly isWhole: boolean;
  readonly cache: string | null;
}

/** Never rejects: a connection that broke is status 0. */
async function ask(
  content: string,
  { model = "lasting", stream = false, key = platform.ready.apiKey } = {},
): Promise<Asked> {
  let text = "";
  try {
    const response = await fetch(`${platform.ready.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content }], temperature: 0, stream }),
    });
    const cache = response.headers.get("x-farthing-cache");
    const body = await response.text();
    if (response.status !== 200) return { status: response.status, text: "", isWhole: false, cache };
    if (!stream) {
      const { choices } = JSON.parse(body) as { choices?: { message: { content: string } }[] };
      text = choices?.[0]?.message.content ?? "";
      return { status: choices === undefined ? 0 : 200, text, isWhole: choices !== undefined, cache };
    }
    for (const line of body.split("\n\n")) {
      if (!line.startsWith("data: {")) continue;
      const { choices } = JSON.parse(line.slice(6)) as { choices?: { delta: { content?: string } }[] };
      text += choices?.[0]?.delta.content ?? "";
    }
    return { status: 200, text, isWhole: body.includes("data: [DONE]") && !body.includes('"error"'), cache };
  } catch {
    return { status: 0, text, isWhole: false, cache: null };
  }
}

const callsOf = (question: string): readonly EngineCall[] => engine.calls.filter((call) => call.question === question);
const routers = () => functionProcesses(platform.ready.pid, "farthing-local-router");

/** Each environment has answered, and is connected to the cache: one that has not asks nobody before it works. */
async function warm(round: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const questions = Array.from({ length: ENVIRONMENTS }, (_, index) => `warm ${round} ${tries} ${index}`);
    await Promise.all(questions.map((question) => ask(question)));
  }
  expect(routers()).toHaveLength(ENVIRONMENTS);
}

/**
 * How often exactly the model is called is a matter of milliseconds, on which no test hangs (`npm run bench -- cache`): a process that hears
 * nothing of the cache for 15 ms works for itself. But it never works twice.
 */
test.each([
  ["whole", false],
  ["streamed", true],
])(
  `of ${BURST} callers who ask the same at once none gets anything else, and no environment works twice: %s`,
  async (kind, stream) => {
    await warm(kind);
    const question = `burst ${kind}`;
    const answers = await Promise.all(Array.from({ length: BURST }, () => ask(question, { stream })));
    const calls = callsOf(question);
    const possible = new Set(calls.map((call) => wordsOf(call).join("")));
    expect(answers.filter(({ status, isWhole, text }) => status !== 200 || !isWhole || !possible.has(text))).toEqual(
      [],
    );
    expect(calls.length).toBeLessThanOrEqual(ENVIRONMENTS);
    expect(answers.filter(({ cache }) => cache === "hit").length).toBeGreaterThanOrEqual(BURST - ENVIRONMENTS);
  },
  START_MILLIS,
);

test(
  "who makes the answer is killed in the middle: somebody else makes it, and all who wait get it",
  async () => {
    await warm("leader");
    const question = "same for all";
    const asking = Array.from({ length: ENVIRONMENTS }, (_, index) => ask(question, { stream: index % 2 === 0 }));
    while (callsOf(question).length === 0) await sleep(10);
    await sleep(300);
    const [call] = callsOf(question);
    const leader = processWithPort(routers(), call?.callerPort ?? 0, engine.port);
    process.kill(leader as number, "SIGKILL");
    const answers = await Promise.all(asking);
    const whole = answers.filter(({ isWhole }) => isWhole);
    expect(whole.map(({ text }) => text)).toEqual(Array(ENVIRONMENTS - 1).fill(wordsOf(call as EngineCall).join("")));
    expect(callsOf(question).length).toBeGreaterThanOrEqual(2);
    expect(callsOf(question).length).toBeLessThanOrEqual(ENVIRONMENTS);
  },
  START_MILLIS,
);

test(
  "while processes are killed at random nobody gets a stale, a foreign or a torn answer",
  async () => {
    const other = (await cli("tenant", "create", "other")).out.trim();
    await warm("random");
    const tenants = [platform.ready.apiKey, other];
    const seenBy = new Map<number, string>();
    const wrong: string[] = [];
    const tally = { whole: 0, hit: 0, coalesced: 0, failed: 0, kills: 0 };
    const until = Date.now() + 6_000;

    function judge({ text, isWhole, cache }: Asked, key: string, beganAt: number): void {
      const parts = text.trim() === "" ? [] : text.trim().split(" ");
      const serials = new Set(parts.map((word) => Number(word.split("@")[1])));
      const isTorn = serials.size > 1 || parts.some((word, index) => !word.startsWith(`${index}@`));
      if (isTorn || (isWhole && parts.length !== WORDS)) wrong.push(`torn: ${text}`);
      for (const serial of serials) {
        if ((seenBy.get(serial) ?? key) !== key) wrong.push(`foreign: ${text}`);
        seenBy.set(serial, key);
        if (beganAt - (endedAt.get(serial) ?? beganAt) > SHORT_TTL_MILLIS + KEPT_LATE_MILLIS)
          wrong.push(`stale: ${text}`);
      }
      if (isWhole) tally.whole++;
      else tally.failed++;
      if (isWhole && (cache === "hit" || cache === "coalesced")) tally[cache]++;
    }

    async function client(offset: number): Promise<void> {
      for (let turn = offset; Date.now() < until; turn++) {
        const key = tenants[turn % 2] as string;
        const beganAt = Date.now();
        judge(await ask(`question ${turn % 3}`, { model: "passing", stream: turn % 4 < 2, key }), key, beganAt);
      }
    }

    async function killer(): Promise<void> {
      for (; Date.now() < until; tally.kills++) {
        await sleep(500);
        const pids = routers();
        const pid = pids[(7 * tally.kills) % Math.max(1, pids.length)];
        if (pid !== undefined) process.kill(pid, "SIGKILL");
      }
    }

    await Promise.all([killer(), ...Array.from({ length: 10 }, (_, index) => client(index))]);
    expect(wrong).toEqual([]);
    expect(tally.kills).toBeGreaterThan(5);
    expect(tally.whole).toBeGreaterThan(60);
    expect(tally.hit).toBeGreaterThan(20);
    expect(tally.coalesced).toBeGreaterThan(0);
  },
  START_MILLIS,
);
