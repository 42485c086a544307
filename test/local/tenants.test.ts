/** Tenants on the running platform: what they used, to the last record, and what is written down of what they sent. */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { main } from "../../cli/farthing.ts";
import { countsOf } from "../../core/metering/usage-counts.ts";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import { readUsageLine } from "../../core/metering/usage-line-schema.ts";
import { usdText } from "../../core/tenants/usd-amount.ts";
import { decodeEvent } from "../../local/logs/stored-event.ts";
import { workDirectoryOf } from "../../local/work-directory.ts";
import { recordingTerminal } from "../cli/recording-terminal.ts";
import { type RunningFarthing, startFarthing } from "./running-farthing.ts";

const state = mkdtempSync(join(tmpdir(), "farthing-tenants-"));
let farthing: RunningFarthing;
let key = "";

beforeAll(async () => {
  farthing = await startFarthing(state);
  key = await cli("tenant", "create", "acme");
}, 60_000);
afterAll(async () => {
  await farthing?.end("SIGTERM");
  rmSync(state, { recursive: true, force: true });
}, 30_000);

async function cli(...args: readonly string[]): Promise<string> {
  const terminal = recordingTerminal();
  const code = await main([...args, "--state", state], terminal);
  expect([code, terminal.notes]).toEqual([0, terminal.notes]);
  return terminal.results.join("\n");
}

function post(path: string, body: object, apiKey = key): Promise<Response> {
  return fetch(`${farthing.ready.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const embed = (input: string, apiKey = key) => post("/v1/embeddings", { model: "sentences", input }, apiKey);
const classify = (text: string) =>
  post("/v2/models/sms-spam/infer", { inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: [text] }] });
const chat = (content: string) =>
  post("/v1/chat/completions", {
    model: "glossary",
    messages: [{ role: "user", content }],
    max_tokens: 8,
    stream: true,
    stream_options: { include_usage: true },
  });

/** Everything that functions and gateway have written, as it lies on the disk. */
const loggedMessages = (): readonly string[] =>
  globSync("logs/*/*.jsonl", { cwd: state }).flatMap((file) =>
    readFileSync(join(state, file), "utf8")
      .split("\n")
      .slice(1)
      .flatMap((line) => decodeEvent(line)?.message ?? []),
  );

const usageLines = (tenant: string): readonly UsageLine[] =>
  loggedMessages().flatMap((message) => {
    const read = readUsageLine(message);
    return read.type === "usage" && read.line.tenant === tenant ? [read.line] : [];
  });

interface UsageList {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly total: Readonly<Record<string, unknown>>;
}

async function usage(query = "", apiKey = key): Promise<UsageList> {
  const response = await fetch(`${farthing.ready.url}/v1/usage${query}`, { headers: { "x-api-key": apiKey } });
  expect(response.status).toBe(200);
  return (await response.json()) as UsageList;
}

function summed(lines: readonly UsageLine[]) {
  const counts = lines.map((line) => countsOf(line, 0n));
  const sum = (of: (each: (typeof counts)[number]) => number) => counts.reduce((total, each) => total + of(each), 0);
  return {
    requests: lines.length,
    errors: sum(({ errors }) => errors),
    cache_hits: sum(({ cacheHits }) => cacheHits),
    input_tokens: sum(({ inputTokens }) => inputTokens),
    output_tokens: sum(({ outputTokens }) => outputTokens),
    price_usd: usdText(counts.reduce((total, { pricePicodollars }) => total + pricePicodollars, 0n)),
  };
}

/** Waits until nothing is on its way to the log, whose file is written behind the answers, or from there to the records. */
async function usageSettled(): Promise<UsageList> {
  let before = -1;
  for (let tries = 0; tries < 100; tries++) {
    const list = await usage("?group_by=day,model,key");
    const logged = usageLines("acme").length;
    if (list.total.requests === logged && logged === before) return list;
    before = logged;
    await sleep(300);
  }
  return usage("?group_by=day,model,key");
}

async function expectUsageEqualsLog(): Promise<void> {
  const { data, total } = await usageSettled();
  const lines = usageLines("acme");
  expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(lines.length);
  expect(total).toEqual(summed(lines));
  for (const { object: _, day, model, key: prefix, ...counts } of data) {
    const own = lines.filter((line) => line.at.startsWith(String(day)) && line.model === model && line.key === prefix);
    expect(counts).toEqual(summed(own));
  }
}

/** Execution environments of the functions: frozen or not, router, models and reconciler. */
function environmentProcesses(): readonly number[] {
  const mark = workDirectoryOf(resolve(state));
  return execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(mark) && line.includes("bootstrap.mjs"))
    .map((line) => Number.parseInt(line, 10));
}

test("usage equals the log to the last record, also when execution environments are killed", async () => {
  let answered = 0;
  let stop = false;
  const client = async (offset: number) => {
    for (let i = offset; i < offset + 40; i++) {
      const sent =
        i % 5 === 0
          ? chat(`word ${i}`)
          : i % 5 === 1
            ? post("/v1/embeddings", { model: "nope", input: "x" })
            : i % 2
              ? classify(`text ${i}`)
              : embed(`text ${i}`);
      const response = await sent.catch(() => undefined);
      const body = await response?.text().catch(() => undefined);
      if (response?.status === 200 && body !== undefined) answered++;
    }
  };
  const killer = async () => {
    for (let killed = 0; killed < 8 && !stop; killed++) {
      await sleep(400);
      const pids = environmentProcesses();
      const pid = pids[killed % Math.max(1, pids.length)];
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    }
  };
  const killing = killer();
  await Promise.all([0, 1, 2, 3].map((n) => client(n * 100)));
  stop = true;
  await killing;
  await post("/v1/embeddings", { model: "nope", input: "x" });
  // Whoever got an answer is in the log; who did not may or may not be.
  expect(answered).toBeGreaterThan(50);
  // A stream whose model was killed has begun with 200, and ends with an error inside.
  const succeeded = () => usageLines("acme").filter(({ status, delivered }) => status === 200 || delivered).length;
  // The log is written behind the answers.
  for (let tries = 0; succeeded() < answered && tries < 50; tries++) await sleep(100);
  expect(succeeded()).toBeGreaterThanOrEqual(answered);
  await expectUsageEqualsLog();
}, 120_000);

test("a customer sees its own usage, a bill has every digit", async () => {
  const other = await cli("tenant", "create", "globex");
  expect((await usage("", other)).data).toEqual([]);
  await usageSettled();
  const [head, ...bill] = (await cli("tenant", "usage", "acme", "--csv")).split("\n");
  expect(head).toBe(
    "tenant,day,model,key,requests,errors,cache_hits,input_tokens,output_tokens,price_usd,own_cost_usd",
  );
  const { data } = await usage("?group_by=day,model,key");
  const ownCosts = bill.map((row) => row.slice(row.lastIndexOf(",") + 1));
  for (const cost of ownCosts) expect(cost).toMatch(/^(?:0|0\.\d+)$/);
  expect(ownCosts.some((cost) => Number(cost) > 0)).toBe(true);
  expect(bill.map((row) => row.slice(0, row.lastIndexOf(",")))).toEqual(
    data.map((row) =>
      ["acme", row.day, row.model, row.key, row.requests, row.errors, row.cache_hits, row.input_tokens]
        .concat([row.output_tokens, row.price_usd])
        .join(","),
    ),
  );
  // The first one may overtake a delivery that is on its way; what lies in the log is then counted no second time.
  await cli("tenant", "reconcile", "--since", "1h");
  expect(await cli("tenant", "reconcile", "--since", "1h")).toMatch(/^counted now: 0; before: [1-9]\d*;/);
  expect((await usage("?group_by=day,model,key")).data).toEqual(data);
});

test("scopes are kept on every route", async () => {
  const scoped = await cli("tenant", "key", "acme", "--models", "sms-*", "--routes", "/v2/*");
  const refused = await embed("x", scoped);
  expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: "not_allowed" } }]);
  const documents = await fetch(`${farthing.ready.url}/v1/usage`, { headers: { "x-api-key": scoped } });
  expect(documents.status).toBe(403);
});

test("no prompt, answer or key is in any log, until the tenant's switch is on", async () => {
  const mark = "Zq7xMarkerWq9";
  const requests = () => [
    embed(`${mark} text`),
    classify(mark),
    chat(mark),
    post("/v1/embeddings", { model: "sentences", input: { [mark]: mark } }),
    post("/v1/embeddings", { model: "sentences", input: "x", [mark]: 1 }),
    post("/v1/chat/completions", { model: "glossary", messages: [{ role: mark, content: mark }] }),
    post("/v2/models/digits/infer", { inputs: [{ name: mark, datatype: "FP32", shape: [1], data: [mark] }] }),
    post(`/v1/embeddings?${mark}=${mark}`, { model: "sentences", input: "x" }),
    embed("x", `fk_${mark}${"a".repeat(30)}`),
    fetch(`${farthing.ready.url}/v1/embeddings`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": mark, cookie: mark, "user-agent": mark },
      body: `{"input": "${mark}`,
    }),
  ];
  for (const response of await Promise.all(requests())) await response.text();
  await sleep(300);
  const secrets = [mark, key];
  expect(loggedMessages().filter((message) => secrets.some((secret) => message.includes(secret)))).toEqual([]);

  await cli("tenant", "create", "curious");
  const seen = await cli("tenant", "key", "curious");
  await cli("tenant", "debug", "curious", "--for", "10m");
  await (await embed(`${mark} of the curious`, seen)).text();
  await (await embed(`${mark} of acme`)).text();
  await sleep(300);
  const told = loggedMessages().filter((message) => message.includes(mark));
  expect(told).toHaveLength(1);
  const line = JSON.parse(told[0] as string) as Record<string, Record<string, unknown>>;
  expect(line).toMatchObject({ debug: "farthing.debug/1", tenant: "curious", status: 200 });
  expect(line.request?.text).toContain(`${mark} of the curious`);
  expect(line.answer?.text).toContain('"embedding"');
  expect(told[0]).not.toContain(seen);
}, 30_000);

test("a killed platform counts what it had not counted when it runs again", async () => {
  await Promise.all([...Array(12).keys()].map((n) => embed(`last ${n}`).then((response) => response.text())));
  await farthing.end("SIGKILL");
  farthing = await startFarthing(state);
  await expectUsageEqualsLog();
}, 60_000);

test("a deleted tenant takes its files, batches and recorded answers with it, and says how many", async () => {
  const own = await cli("tenant", "create", "initech");
  const neighbour = await cli("tenant", "create", "initech-too");
  const send = (path: string, body: string | FormData, apiKey: string, headers = {}) =>
    fetch(`${farthing.ready.url}${path}`, {
      method: "POST",
      headers: {
        "x-api-key": apiKey,
        ...(typeof body === "string" && { "content-type": "application/json" }),
        ...headers,
      },
      body,
    });
  const upload = async (apiKey: string) => {
    const form = new FormData();
    const line = { custom_id: "1", method: "POST", url: "/v1/embeddings", body: { model: "sentences", input: "x" } };
    form.set("purpose", "batch");
    form.set("file", new Blob([`${JSON.stringify(line)}\n`]), "lines.jsonl");
    return ((await (await send("/v1/files", form, apiKey)).json()) as { id: string }).id;
  };
  const read = async (path: string, apiKey: string) =>
    (await fetch(`${farthing.ready.url}${path}`, { headers: { "x-api-key": apiKey } })).json() as Promise<{
      readonly status?: string;
      readonly data: readonly { readonly id: string }[];
    }>;
  const kept = await upload(neighbour);
  const order = { input_file_id: await upload(own), endpoint: "/v1/embeddings", completion_window: "24h" };
  const { id } = (await (await send("/v1/batches", JSON.stringify(order), own)).json()) as { readonly id: string };
  for (let tries = 0; (await read(`/v1/batches/${id}`, own)).status !== "completed"; tries++) {
    if (tries > 100) throw new Error("the batch was not completed within 20 s");
    await sleep(200);
  }
  const texts = JSON.stringify({ model: "sentences", input: ["a", "b", "c", "d"] });
  for (const apiKey of [own, neighbour]) {
    const answer = await send("/v1/embeddings", texts, apiKey, { "idempotency-key": "once" });
    expect((await answer.text()).length).toBeGreaterThan(8 * 1024);
  }

  const removed = await cli("tenant", "delete", "initech", "--yes");
  for (const line of [
    "1 keys",
    "1 batches",
    "2 records of files",
    "2 parts of files: what was uploaded, and what batches answered",
    "1 recorded answers of requests with an Idempotency-Key",
    "1 recorded answers over 8 kB",
    "1 names of cached answers' scopes",
  ]) {
    expect(removed).toContain(`removed: ${line}\n`);
  }
  const again = await cli("tenant", "delete", "initech", "--yes");
  expect(again.match(/^removed: [1-9].*$/gm)).toBeNull();
  expect((await read("/v1/files", neighbour)).data).toMatchObject([{ id: kept }]);
  const repeat = await send("/v1/embeddings", texts, neighbour, { "idempotency-key": "once" });
  expect([repeat.status, repeat.headers.get("x-farthing-idempotent-replay")]).toEqual([200, "true"]);
}, 60_000);

test("a deleted tenant takes its usage with it", async () => {
  expect(await cli("tenant", "delete", "acme", "--yes")).toMatch(
    /removed: [2-9] keys\n.*removed: [1-9]\d* usage records\n/s,
  );
  expect(await cli("tenant", "usage", "acme")).toMatch(/^together +0 /m);
});
