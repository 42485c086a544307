/** A target over HTTP, against a real server in each of its moods. */
import { createTransport } from "../../../adapters/http/transport.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import { createHttpTarget, type HttpTargetOptions } from "../../../adapters/upstream/http-target.ts";
import type { FarthingError } from "../../../core/errors.ts";
import type { GenerationEvent, GenerationInference } from "../../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../../core/protocols/spec/sampling.ts";
import type { InferenceContext } from "../../../core/serving/target.ts";
import { digestOf, modelOf, versionOf } from "../../core/serving/world.ts";
import { type Behaviour, chunkOf, startEngine, streamHead } from "./engine.ts";

const CHAT: GenerationInference = {
  type: "generation",
  prompts: [{ type: "chat", messages: [{ role: "user", content: "Hi" }] }],
  choices: 1,
  sampling: GREEDY,
  stop: [],
};
const DONE = "data: [DONE]\n\n";
const [MODEL, VERSION] = [modelOf({ name: "ours" }), versionOf(digestOf("a"))];

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});

async function world(behaviour: Behaviour, overrides: Partial<HttpTargetOptions> = {}) {
  const engine = await startEngine(behaviour);
  open.push(engine);
  const target = createHttpTarget({
    name: "rack",
    url: engine.url,
    dialect: "vllm",
    onPremises: true,
    hasCopies: false,
    modelNameOf: () => "theirs",
    apiKey: () => "sk-engine",
    cacheSaltOf: (tenant) => `salt-${tenant}`,
    transport: createTransport(),
    clock: systemClock,
    limits: { connectMillis: 500, stallMillis: 200 },
    ...overrides,
  });
  const contextOf = (rest: Partial<InferenceContext> = {}): InferenceContext => ({
    requestId: "r",
    tenant: "acme",
    deadlineMillis: Date.now() + 5_000,
    ...rest,
  });
  async function chat(rest: Partial<InferenceContext> = {}) {
    const events: GenerationEvent[] = [];
    try {
      const result = await target.infer(MODEL, VERSION, CHAT, contextOf(rest));
      if (result.type !== "generation") throw new Error("no generation");
      for await (const event of result.events) events.push(event);
      return { events, error: undefined };
    } catch (error) {
      return { events, error: error as FarthingError };
    }
  }
  return { engine, target, chat, contextOf };
}

test("a stream, asked for with the engine's key, its name for the model and the tenant's salt", async () => {
  const { engine, chat } = await world((response) => {
    streamHead(response);
    response.end(chunkOf("Hel") + chunkOf("lo", "stop") + DONE);
  });
  const { events, error } = await chat();
  expect(error).toBeUndefined();
  expect(events.map((event) => (event.type === "text-delta" ? event.text : event.type))).toEqual([
    "start",
    "text-start",
    "Hel",
    "lo",
    "text-finish",
    "finish",
  ]);
  expect(engine.asked).toMatchObject([
    {
      method: "POST",
      url: "/v1/chat/completions",
      headers: { authorization: "Bearer sk-engine" },
      body: { model: "theirs", cache_salt: "salt-acme", stream: true },
    },
  ]);
});

test.each<[string, Behaviour, string, RegExp]>([
  [
    "dies in the middle",
    (response) => void (streamHead(response), response.write(chunkOf("a")), setTimeout(() => response.destroy(), 20)),
    "dependency_unavailable",
    /broke off/,
  ],
  [
    "ends in the middle",
    (response) => void (streamHead(response), response.end(chunkOf("a"))),
    "dependency_unavailable",
    /broke off/,
  ],
  [
    "falls silent",
    (response) => void (streamHead(response), response.write(chunkOf("a"))),
    "dependency_unavailable",
    /broke off/,
  ],
  [
    "sends garbage",
    (response) => void (streamHead(response), response.end("data: <html>\n\n")),
    "dependency_unavailable",
    /broke off/,
  ],
  ["says 429", (response) => void response.writeHead(429, { "retry-after": "7" }).end(), "overloaded", /right now/],
  ["says 500", (response) => void response.writeHead(500).end("CUDA error"), "dependency_unavailable", /as it should/],
  [
    "says 400",
    (response) => void response.writeHead(400).end('{"error":{"message":"too long"}}'),
    "invalid_field",
    /^too long$/,
  ],
  [
    "says 200 and an error",
    (response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end('{"error":{"message":"boom"}}'),
    "dependency_unavailable",
    /as it should/,
  ],
  ["hangs up", (response) => void response.destroy(), "dependency_unavailable", /does not answer/],
])("an engine that %s", async (_, behaviour, code, message) => {
  const { chat } = await world(behaviour);
  const { error } = await chat();
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  if (code === "overloaded") expect(error?.retryAfterSeconds).toBe(7);
});

test("nobody there", async () => {
  const { chat } = await world(() => {}, { url: "http://127.0.0.1:9/v1" });
  expect((await chat()).error).toMatchObject({
    code: "dependency_unavailable",
    message: expect.stringMatching(/does not answer/),
  });
});

test("an engine that answers in one piece", async () => {
  const whole = {
    choices: [{ index: 0, message: { content: "Hello" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 2 },
  };
  const { chat } = await world((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(whole));
  });
  expect((await chat()).events.at(-1)).toMatchObject({ type: "finish", usage: { inputTokens: 3, outputTokens: 2 } });
});

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("a reader who stops, or a caller who goes away, ends the engine's work", async () => {
  const endless: Behaviour = (response) => {
    streamHead(response);
    const timer = setInterval(() => response.write(chunkOf("a")), 5);
    response.on("close", () => clearInterval(timer));
  };
  const { engine, target, chat, contextOf } = await world(endless);
  const result = await target.infer(MODEL, VERSION, CHAT, contextOf());
  if (result.type !== "generation") throw new Error("no generation");
  for await (const event of result.events) if (event.type === "text-delta") break;
  await until(() => engine.closed.length === 1);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  expect((await chat({ signal: controller.signal })).error).toMatchObject({ code: "cancelled" });
  await until(() => engine.closed.length === 2);
  expect(engine.closed).toEqual(["cut", "cut"]);
});

test("a reader who is slow slows the engine down: nothing piles up here", async () => {
  let sent = 0;
  const piece = chunkOf("x".repeat(16_000));
  const { target, contextOf } = await world(
    async (response) => {
      streamHead(response);
      for (; sent < 2_000; sent++)
        if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve));
      response.end(DONE);
    },
    { limits: { connectMillis: 500, stallMillis: 5_000 } },
  );
  const result = await target.infer(MODEL, VERSION, CHAT, contextOf());
  if (result.type !== "generation") throw new Error("no generation");
  const iterator = result.events[Symbol.asyncIterator]();
  for (let i = 0; i < 5; i++) await iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sent).toBeLessThan(1_000);
  await iterator.return?.();
});

test("readiness is the engine's own answer", async () => {
  const { target, engine } = await world((response) => void response.writeHead(200).end("{}"));
  await target.ready(MODEL, VERSION);
  expect(engine.asked).toMatchObject([{ method: "GET", url: "/v1/models" }]);
  const sick = await world((response) => void response.writeHead(503).end());
  await expect(sick.target.ready(MODEL, VERSION)).rejects.toMatchObject({ code: "model_not_ready" });
});

test("tensors are no business of an engine", async () => {
  const { target, contextOf } = await world(() => {});
  const asked = target.infer(MODEL, VERSION, { type: "tensors", inputs: [] }, contextOf());
  await expect(asked).rejects.toMatchObject({ code: "unsupported_task" });
});

test("one connection serves one stream after the other, read to the end or only as far as the finish", async () => {
  const { engine, target, chat, contextOf } = await world(async (response) => {
    streamHead(response);
    response.write(chunkOf("Hello", "stop") + DONE);
    // The end of HTTP's own comes after the end of the events.
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.end();
  });
  for (let turn = 0; turn < 2; turn++) {
    expect((await chat()).error).toBeUndefined();
    const result = await target.infer(MODEL, VERSION, CHAT, contextOf());
    if (result.type !== "generation") throw new Error("no generation");
    for await (const event of result.events) if (event.type === "finish") break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(engine.asked).toHaveLength(4);
  expect(engine.closed).toEqual(["finished", "finished", "finished", "finished"]);
  expect(engine.connections()).toBeLessThanOrEqual(2);
});

test("a kept connection that the engine has closed is no failure: another one is opened", async () => {
  const { engine, chat } = await world((response) => {
    streamHead(response);
    response.end(chunkOf("Hello", "stop") + DONE);
  });
  for (let turn = 0; turn < 20; turn++) {
    expect((await chat()).error).toBeUndefined();
    engine.hangUp();
  }
});

test("a key that the engine refuses is reported to whoever knows of a newer one", async () => {
  let refusals = 0;
  const { chat } = await world((response) => void response.writeHead(401).end("{}"), { keyRefused: () => refusals++ });
  expect((await chat()).error).toMatchObject({ code: "dependency_unavailable" });
  expect(refusals).toBe(1);
});

test("readiness may be asked at a path of its own, below the address", async () => {
  const { engine, target } = await world((response) => void response.writeHead(200).end("{}"), { healthPath: "/up" });
  await target.ready(MODEL, VERSION);
  expect(engine.asked.at(-1)).toMatchObject({ method: "GET", url: "/v1/up" });
});
