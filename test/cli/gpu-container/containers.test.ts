/** The two programs that stand in for a GPU container, each as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gpuContainer } from "../../../cli/gpu-container/container-command.ts";
import { freePort } from "../../../local/sagemaker/container/free-port.ts";
import { ROOT } from "../../local/running-farthing.ts";

const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Resolves to the address of a container that answers its ping. */
async function startContainer(variables: Record<string, string> = {}): Promise<string> {
  const port = await freePort();
  const command = gpuContainer(ROOT, variables);
  const child = spawn(command.executable, [...command.arguments, "serve"], {
    env: { ...command.environment, SAGEMAKER_BIND_TO_PORT: String(port), SM_MODEL_DIR: "/nonexistent" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  running.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the container ended with ${child.exitCode}`);
    const response = await fetch(`${url}/ping`).catch(() => undefined);
    if (response?.status === 200) return url;
    await sleep(50);
  }
}

const post = (url: string, body: unknown) =>
  fetch(`${url}/invocations`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
const chunksOf = (text: string) =>
  text
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)));

describe("the demo model", () => {
  let url: string;
  beforeAll(async () => {
    url = await startContainer();
  }, 30_000);
  const chat = { model: "any-name", messages: [{ role: "user", content: "river" }], max_tokens: 6, temperature: 0 };

  test("a chat, under whatever name the caller has for it", async () => {
    const response = await post(url, chat);
    const answer = (await response.json()) as { choices: [{ message: { content: string } }] };
    expect(answer).toMatchObject({
      object: "chat.completion",
      model: "any-name",
      choices: [{ message: { role: "assistant" }, finish_reason: "length" }],
      usage: { completion_tokens: 6 },
    });
    expect(answer.choices[0].message.content).toMatch(/[a-z]/);
  });

  test("tokens come one by one, and are the text of the whole answer", async () => {
    const whole = (await (await post(url, chat)).json()) as { choices: [{ message: { content: string } }] };
    const response = await post(url, { ...chat, stream: true });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const text = await response.text();
    const chunks = chunksOf(text);
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? "").join("")).toBe(whole.choices[0].message.content);
    expect(chunks.length).toBeGreaterThan(4);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(text).not.toMatch(/^:/m);
  });

  test("vLLM's dialect: usage in every chunk when asked for, its own parameters without effect", async () => {
    const options = { include_usage: true, continuous_usage_stats: true };
    const response = await post(url, { ...chat, stream: true, stream_options: options, cache_salt: "s", priority: 1 });
    const counts = chunksOf(await response.text()).map(({ usage }) => usage?.completion_tokens);
    expect(counts.every((count) => typeof count === "number")).toBe(true);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(6);
  });

  test("a prompt is continued; embeddings are not this model's; a wrong body is the engine's 400", async () => {
    expect(await (await post(url, { model: "m", prompt: "river:", max_tokens: 3 })).json()).toMatchObject({
      object: "text_completion",
      usage: { completion_tokens: 3 },
    });
    for (const body of [{ model: "m", input: "text" }, { ...chat, temperature: -1 }, "no json"]) {
      const response = await post(url, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { type: "invalid_request_error", message: expect.any(String) },
      });
    }
  });

  test("there are two paths", async () => {
    expect((await fetch(`${url}/v1/models`)).status).toBe(404);
  });
});

describe("an engine that runs already", () => {
  let engine: Server;
  let url: string;
  const seen: { path: string | undefined; body: string }[] = [];
  /** Times that the models were asked for. */
  let lists = 0;
  let health = 200;

  beforeAll(async () => {
    engine = createServer(async (request, response) => {
      if (request.url === "/v1/models") return response.writeHead(++lists === 1 ? 503 : 200).end("{}");
      if (request.url === "/health") return response.writeHead(health).end();
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      seen.push({ path: request.url, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(seen.length === 3 ? 429 : 200, { "content-type": "text/event-stream" });
      response.write("data: half");
      await sleep(20);
      response.end(" and half\n\n");
    });
    engine.listen(0, "127.0.0.1");
    await once(engine, "listening");
    url = await startContainer({
      FARTHING_GPU_UPSTREAM: `http://127.0.0.1:${(engine.address() as AddressInfo).port}/v1`,
    });
  }, 30_000);
  afterAll(() => engine.close());

  test("each body goes to the path that it is meant for, and what the engine answers comes back, errors too", async () => {
    const bodies = [{ messages: [] }, { prompt: "" }, { input: "" }];
    const answers = [];
    for (const body of bodies) answers.push(await post(url, body));
    expect(seen).toEqual([
      { path: "/v1/chat/completions", body: JSON.stringify(bodies[0]) },
      { path: "/v1/completions", body: JSON.stringify(bodies[1]) },
      { path: "/v1/embeddings", body: JSON.stringify(bodies[2]) },
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(await answers[0]?.text()).toBe("data: half and half\n\n");
  });

  test("it is as healthy as the engine, whose models are asked for until it has some, and not again", async () => {
    for (const [status, expected] of [
      [200, 200],
      // An engine that has no such path is there to say so.
      [404, 200],
      [503, 503],
    ] as const) {
      health = status;
      expect((await fetch(`${url}/ping`)).status).toBe(expected);
    }
    expect(lists).toBe(2);
    engine.close();
    engine.closeAllConnections();
    expect((await fetch(`${url}/ping`)).status).toBe(503);
    expect((await post(url, { messages: [] })).status).toBe(500);
  });

  test("an address that is none is refused before anything starts", () => {
    expect(() => gpuContainer(ROOT, { FARTHING_GPU_UPSTREAM: "localhost:8000" })).toThrow(
      /must be an http:\/\/ or https:/,
    );
  });
});
