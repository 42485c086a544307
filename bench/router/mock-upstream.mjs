/**
 * As little of an OpenAI-compatible server as a chat needs, and as fast as Node serves it: the answers lie ready, byte for byte.
 * Prints its address. `max_tokens` is how many tokens stream; `seed`, where given, is the pause before each in milliseconds.
 */
import { createServer } from "node:http";

const chunk = (choice, usage) =>
  Buffer.from(
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1700000000, model: "mock", choices: choice === undefined ? [] : [{ index: 0, finish_reason: null, ...choice }], ...(usage && { usage }) })}\n\n`,
  );
const FIRST = chunk({ delta: { role: "assistant", content: "" } });
const TOKEN = chunk({ delta: { content: " token" } });
const LAST = chunk({ delta: {}, finish_reason: "stop" });
const DONE = Buffer.from("data: [DONE]\n\n");
const usageOf = (tokens) => ({ prompt_tokens: 8, completion_tokens: tokens, total_tokens: 8 + tokens });

const streams = new Map();
/** The whole stream of so many tokens. */
function streamOf(tokens) {
  let whole = streams.get(tokens);
  if (whole === undefined) {
    whole = Buffer.concat([FIRST, ...Array(tokens).fill(TOKEN), LAST, chunk(undefined, usageOf(tokens)), DONE]);
    streams.set(tokens, whole);
  }
  return whole;
}
const bodies = new Map();
function bodyOf(tokens) {
  let body = bodies.get(tokens);
  if (body === undefined) {
    const message = { role: "assistant", content: " token".repeat(tokens) };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    body = Buffer.from(
      JSON.stringify({
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1700000000,
        model: "mock",
        choices,
        usage: usageOf(tokens),
      }),
    );
    bodies.set(tokens, body);
  }
  return body;
}

const server = createServer((request, response) => {
  if (request.method === "GET") {
    request.resume();
    response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"object":"list","data":[{"id":"mock","object":"model"}]}');
    return;
  }
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const {
      stream = false,
      max_tokens: tokens = 1,
      seed: pause,
    } = JSON.parse(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    if (!stream) {
      const body = bodyOf(tokens);
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (pause === undefined) {
      response.end(streamOf(tokens));
      return;
    }
    response.write(FIRST);
    let left = tokens;
    const timer = setInterval(() => {
      if (left-- > 0) return void response.write(TOKEN);
      clearInterval(timer);
      response.end(Buffer.concat([LAST, chunk(undefined, usageOf(tokens)), DONE]));
    }, pause);
    response.on("close", () => clearInterval(timer));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/v1\n`);
});
