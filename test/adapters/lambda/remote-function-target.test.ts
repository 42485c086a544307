import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createSignedClient } from "../../../adapters/aws/signed-client.ts";
import { createTransport } from "../../../adapters/http/transport.ts";
import { createRemoteFunctionTarget } from "../../../adapters/lambda/remote-function-target.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import { FarthingError } from "../../../core/errors.ts";
import { decodeForwardEvent, type ForwardedEvent } from "../../../core/protocols/forward/event.ts";
import { eventFrames } from "../../../core/protocols/forward/generation.ts";
import { encodeForwardResponse, type WholeResponse } from "../../../core/protocols/forward/response.ts";
import type { GenerationEvent, GenerationInference } from "../../../core/protocols/spec/generation.ts";
import type { InferenceRequest } from "../../../core/protocols/spec/inference.ts";
import { GREEDY } from "../../../core/protocols/spec/sampling.ts";
import { HELLO, saying } from "../../core/protocols/openai/generation/generation-fixture.ts";
import { modelOf, RESULT } from "../../core/serving/world.ts";
import { eventMessage } from "../aws/event-message.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const MODEL = modelOf({ group: "large" });
const VERSION = MODEL.versions[0] as (typeof MODEL.versions)[0];
const REQUEST: InferenceRequest = {
  type: "tensors",
  inputs: [{ name: "x", dataType: "FP32", shape: [2], data: Float32Array.of(1.5, Number.NaN) }],
};

const chunk = (bytes: Uint8Array) => eventMessage({ ":message-type": "event", ":event-type": "PayloadChunk" }, bytes);
const complete = (result: object = {}) =>
  eventMessage({ ":message-type": "event", ":event-type": "InvokeComplete" }, Buffer.from(JSON.stringify(result)));

/** Lambda's API, as far as one function goes. */
async function lambda(answer: (event: ForwardedEvent, response: ServerResponse, request: IncomingMessage) => void) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) chunks.push(part);
    answer(decodeForwardEvent(JSON.parse(Buffer.concat(chunks).toString())), response, request);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = createSignedClient({
    service: "lambda",
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    clock: Date.now,
    transport: createTransport(),
    world: { random: () => 0, sleep: async () => {} },
  });
  return createRemoteFunctionTarget({
    client,
    functions: { large: "farthing-large:live" },
    onPremises: false,
    clock: systemClock,
    traceId: () => "Root=1-trace",
    readyWithinMillis: 5_000,
    newRequestId: () => "new-id",
  });
}

const answering = (response: WholeResponse) =>
  lambda((_, http) => {
    const bytes = encodeForwardResponse(response);
    http.write(chunk(bytes.subarray(0, 7)));
    http.write(chunk(bytes.subarray(7)));
    http.end(complete());
  });

const infer = (target: Awaited<ReturnType<typeof lambda>>, model = MODEL) =>
  target.infer(model, VERSION, REQUEST, { requestId: "r-1", deadlineMillis: Date.now() + 5_000 });

test("the request reaches the group's function whole, with its trace, and the result comes back", async () => {
  let seen: { readonly event: ForwardedEvent; readonly url?: string | undefined; readonly trace: unknown } | undefined;
  const target = await lambda((event, response, request) => {
    seen = { event, url: request.url, trace: request.headers["x-amzn-trace-id"] };
    response.end(Buffer.concat([chunk(encodeForwardResponse({ type: "result", result: RESULT })), complete()]));
  });
  expect(await infer(target)).toEqual(RESULT);
  expect(seen).toMatchObject({
    url: "/2021-11-15/functions/farthing-large%3Alive/response-streaming-invocations",
    trace: "Root=1-trace",
    event: { type: "infer", requestId: "r-1", model: "digits", version: VERSION.digest, request: REQUEST },
  });
});

test("an error of the model's deployment arrives as it was thrown there", async () => {
  const error = new FarthingError("model_not_ready", "model.onnx is cut short", { field: "model" });
  await expect(infer(await answering({ type: "error", error }))).rejects.toMatchObject({
    code: "model_not_ready",
    message: "model.onnx is cut short",
    field: "model",
  });
});

test("readiness is asked with an address and a deadline of its own", async () => {
  const events: ForwardedEvent[] = [];
  const target = await lambda((event, response) => {
    events.push(event);
    response.end(Buffer.concat([chunk(encodeForwardResponse({ type: "ready" })), complete()]));
  });
  await target.ready(MODEL, VERSION);
  expect(events).toMatchObject([{ type: "ready", requestId: "new-id", version: VERSION.digest }]);
});

test("throttling is passed on as such, after it was tried again", async () => {
  let calls = 0;
  const target = await lambda((_, response) => {
    calls++;
    response.writeHead(429, { "x-amzn-errortype": "TooManyRequestsException" }).end("{}");
  });
  await expect(infer(target)).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 1 });
  expect(calls).toBe(3);
});

const failed = complete({ ErrorCode: "Function.TimedOut", ErrorDetails: "after 30 seconds" });
test.each([
  ["the function fails after it began", Buffer.concat([chunk(Buffer.from("par")), failed]), "Function.TimedOut"],
  [
    "Lambda ends the stream with an exception",
    eventMessage({ ":message-type": "exception", ":exception-type": "ServiceException" }, Buffer.from("{}")),
    "ServiceException",
  ],
  ["the stream is no event stream", Buffer.from("<html>gateway</html>"), "event stream"],
])("%s: a dependency that is unavailable, the reason for the log", async (_, bytes, reason) => {
  const target = await lambda((_event, response) => response.end(bytes));
  await expect(infer(target)).rejects.toMatchObject({
    code: "dependency_unavailable",
    cause: { message: expect.stringContaining(reason) },
  });
});

test("a frame that was cut is no result", async () => {
  const bytes = encodeForwardResponse({ type: "result", result: RESULT });
  const target = await lambda((_, response) => response.end(Buffer.concat([chunk(bytes.subarray(0, 20)), complete()])));
  await expect(infer(target)).rejects.toMatchObject({ code: "dependency_unavailable" });
});

test("a call that failed on the way is not made twice: the model may have run", async () => {
  let calls = 0;
  const target = await lambda((_, response) => {
    calls++;
    response.socket?.destroy();
  });
  await expect(infer(target)).rejects.toMatchObject({ code: "dependency_unavailable" });
  expect(calls).toBe(1);
});

test("a group that nobody configured is a fault of the deployment", async () => {
  await expect(infer(await answering({ type: "ready" }), modelOf({ group: "other" }))).rejects.toThrow(
    'the group "other"',
  );
});

const GENERATION = {
  type: "generation",
  prompts: [{ type: "text", text: "Hi" }],
  choices: 1,
  sampling: GREEDY,
  stop: [],
} as const satisfies GenerationInference;

async function generated(target: Awaited<ReturnType<typeof lambda>>): Promise<AsyncIterable<GenerationEvent>> {
  const context = { requestId: "r-1", deadlineMillis: Date.now() + 5_000 };
  const result = await target.infer(MODEL, VERSION, GENERATION, context);
  if (result.type !== "generation") throw new Error(`answered ${result.type}`);
  return result.events;
}

test("generated text arrives event by event, each as soon as it was said", async () => {
  const heard = Promise.withResolvers<void>();
  const target = await lambda(async (event, response) => {
    expect(event).toMatchObject({ type: "infer", request: GENERATION });
    let said = 0;
    for await (const frame of eventFrames(saying(HELLO), () => {})) {
      // The last events are not said before the first ones were heard.
      if (said++ === 3) await heard.promise;
      response.write(chunk(frame));
    }
    response.end(complete());
  });
  const received: GenerationEvent[] = [];
  for await (const event of await generated(target)) {
    received.push(event);
    if (received.length === 3) heard.resolve();
  }
  expect(received).toEqual(HELLO);
});

test("a function that fails within a text is a dependency that is unavailable, after what it said", async () => {
  const target = await lambda(async (_, response) => {
    for await (const frame of eventFrames(saying(HELLO.slice(0, 3)), () => {})) response.write(chunk(frame));
    response.end(failed);
  });
  const received: GenerationEvent[] = [];
  const reading = (async () => {
    for await (const event of await generated(target)) received.push(event);
  })();
  await expect(reading).rejects.toMatchObject({
    code: "dependency_unavailable",
    cause: { message: expect.stringContaining("Function.TimedOut") },
  });
  expect(received).toEqual(HELLO.slice(0, 3));
});
