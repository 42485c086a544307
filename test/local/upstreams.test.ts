/**
 * Upstreams from the configuration to the answer: the platform as `farthing up` runs it, two servers of this test's own, one of them
 * with a key and a certificate that nobody else trusts.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generate } from "selfsigned";
import type { FarthingConfigInput } from "../../infra/config.ts";
import { ROOT, type RunningFarthing, runFarthing, startFarthing } from "./running-farthing.ts";

const KEY = "sk-rack-0123456789";
const START_MILLIS = 60_000;
const chunk = (delta: object, reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
const USAGE = { prompt_tokens: 5, completion_tokens: 2 };
const END = `${chunk({}, "stop")}data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`;

/** Answers with its name; as long as `hold` says, it stays in the middle of its answer. */
function serverOf(name: string, key?: string) {
  const seen: { model: string; key: string | undefined }[] = [];
  const state = { hold: false, closed: 0 };
  const listener: RequestListener = (request, response) => {
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) {
      response.writeHead(401).end("{}");
      return;
    }
    if (request.method === "GET") {
      response.writeHead(200).end('{"object":"list","data":[]}');
      return;
    }
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", async () => {
      const { model } = JSON.parse(body) as { readonly model: string };
      seen.push({ model, key: request.headers.authorization });
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.on("close", () => state.closed++);
      response.write(chunk({ content: name }));
      while (state.hold && !response.destroyed) await sleep(10);
      response.end(END);
    });
  };
  return { seen, state, listener };
}

let folder: string;
let platform: RunningFarthing;
const rack = serverOf("rack", KEY);
const elsewhere = serverOf("elsewhere");
const servers: Server[] = [];

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const configWith = (rackUrl: string, elsewhereUrl: string): FarthingConfigInput => ({
  environments: {
    onprem: {
      protectData: false,
      tracing: false,
      router: { architecture: "host", holds: "small", memoryMb: 4096 },
      modelGroups: [
        {
          name: "small",
          memoryMb: 4096,
          architecture: "host",
          placement: { kind: "managed-instances", workers: 1, concurrency: 64, minEnvironments: 1 },
        },
      ],
      upstreams: [
        {
          name: "rack",
          url: rackUrl,
          dialect: "vllm",
          onPremises: true,
          secret: true,
          maxConcurrent: 1,
          models: { "far-chat": "rack-model" },
        },
        { name: "elsewhere", url: elsewhereUrl, models: { "far-chat": "cloud-model", small: "small" } },
      ],
    },
  },
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-upstreams-"));
  const pair = await generate([{ name: "commonName", value: "rack" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  writeFileSync(join(folder, "ca.pem"), pair.cert);
  const secure = createHttpsServer({ cert: pair.cert, key: pair.private }, rack.listener);
  const plain = createHttpServer(elsewhere.listener);
  servers.push(secure, plain);
  const config = join(folder, "farthing.config.mjs");
  const text = JSON.stringify(
    configWith(`https://${await listening(secure)}/v1`, `http://${await listening(plain)}/v1`),
  );
  writeFileSync(config, `export default ${text};\n`);
  platform = await startFarthing(join(folder, "state"), "--env", "onprem", "--config", config, "--no-demo");
}, START_MILLIS);
afterAll(async () => {
  await platform?.end("SIGTERM");
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
}, START_MILLIS);

const where = () => ["--env", "onprem", "--state", join(folder, "state")];
async function cli(...args: readonly string[]) {
  const { output, ended } = runFarthing(...args, ...where());
  const code = await ended;
  return { code, ...output };
}
async function storeSecret(key: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, ["cli/farthing.ts", "upstream", "secret", "rack", ...args, ...where()], {
    cwd: ROOT,
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (out += part));
  child.stdin.end(key);
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, out };
}
const ask = (more: object = {}, signal?: AbortSignal) =>
  fetch(`${platform.ready.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${platform.ready.apiKey}`, "x-farthing-explain": "1" },
    body: JSON.stringify({ model: "far-chat", messages: [{ role: "user", content: "Who?" }], ...more }),
    ...(signal && { signal }),
  });
async function answer(more: object = {}) {
  const response = await ask(more);
  const body = (await response.json()) as {
    readonly choices?: readonly { readonly message: { readonly content: string } }[];
    readonly error?: { readonly message: string };
  };
  return {
    status: response.status,
    text: body.choices?.[0]?.message.content,
    route: response.headers.get("x-farthing-route"),
    error: body.error?.message,
  };
}
const published = async (name: string, directory: string) => {
  const done = await cli("model", "publish", name, directory);
  expect(done).toMatchObject({ code: 0 });
  // Absent models are remembered for a moment.
  await sleep(100);
};

test(
  "from a card without files to an answer, by way of the key that a person stored",
  async () => {
    expect((await cli("upstream", "list")).out).toMatch(/rack .*on premises +its secret is empty\n/);
    await published("far-chat", join(ROOT, "test/fixtures/upstreams/far-chat"));
    // Without its key the server in the building is no use: the next one answers, and says why.
    expect(await answer()).toMatchObject({
      status: 200,
      text: "elsewhere",
      route: "http:rack=dependency_unavailable, http:elsewhere=answered",
    });

    expect(await storeSecret("two words")).toMatchObject({ code: 1, out: expect.stringContaining("white space") });
    expect(await storeSecret(`${KEY}\n`, "--ca-file", join(folder, "ca.pem"))).toEqual({
      code: 0,
      out: "farthing/onprem/upstreams/rack: apiKey and caPem stored\n",
    });
    const { out } = await cli("upstream", "list");
    expect(out).toMatch(/rack .*far-chat +on premises +well, \d+ ms\n/);
    expect(out).toMatch(/elsewhere .*far-chat, small +elsewhere +well/);

    // An empty secret is looked for again after seconds.
    const until = Date.now() + 15_000;
    let first = await answer();
    while (first.text !== "rack" && Date.now() < until) {
      await sleep(250);
      first = await answer();
    }
    expect(first).toMatchObject({ status: 200, text: "rack", route: "http:rack=answered" });
    expect(rack.seen.at(-1)).toEqual({ model: "rack-model", key: `Bearer ${KEY}` });
    expect(elsewhere.seen.at(-1)).toEqual({ model: "cloud-model", key: undefined });
  },
  START_MILLIS,
);

test(
  "what is too much for the building goes elsewhere, and comes back; a caller who leaves frees the place",
  async () => {
    rack.state.hold = true;
    const leaving = new AbortController();
    const closed = rack.state.closed;
    const held = await ask({ stream: true }, leaving.signal);
    expect(held.headers.get("x-farthing-route")).toBe("http:rack=answered");
    expect(await answer()).toMatchObject({ text: "elsewhere", route: "http:rack=overloaded, http:elsewhere=answered" });
    leaving.abort();
    while (rack.state.closed === closed) await sleep(10);
    rack.state.hold = false;
    expect(await answer()).toMatchObject({ text: "rack", route: "http:rack=answered" });
  },
  START_MILLIS,
);

test(
  "restricted data stays in the building, and is refused where that cannot be",
  async () => {
    const made = await cli("tenant", "create", "careful", "--data-class", "restricted");
    const headers = { authorization: `Bearer ${made.out.trim()}` };
    const post = (model: string) =>
      fetch(`${platform.ready.url}/v1/chat/completions`, {
        method: "POST",
        headers,
        body: JSON.stringify({ model, messages: [{ role: "user", content: "Who?" }] }),
      });
    const before = elsewhere.seen.length;
    expect((await post("far-chat")).status).toBe(200);
    rack.state.hold = true;
    const leaving = new AbortController();
    await ask({ stream: true }, leaving.signal);
    expect((await post("far-chat")).status).toBe(429);
    leaving.abort();
    rack.state.hold = false;
    expect(elsewhere.seen).toHaveLength(before);
  },
  START_MILLIS,
);

test("the key stands in no log and in no variable", async () => {
  const logs = await cli("logs", "--json");
  expect(logs.out).not.toContain(KEY);
  expect(platform.output.out + platform.output.err).not.toContain(KEY);
});
