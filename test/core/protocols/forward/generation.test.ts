/** Generated text between two deployments: every event as it was said, however the network cuts the bytes. */
import fc from "fast-check";
import { FarthingError } from "../../../../core/errors.ts";
import { decodeForwardEvent, encodeForwardEvent } from "../../../../core/protocols/forward/event.ts";
import { eventFrames } from "../../../../core/protocols/forward/generation.ts";
import { readForwardResponse } from "../../../../core/protocols/forward/read-response.ts";
import { encodeForwardResponse } from "../../../../core/protocols/forward/response.ts";
import type { GenerationEvent, GenerationInference } from "../../../../core/protocols/spec/generation.ts";
import { DIGEST } from "../fixture-model.ts";
import { HELLO, saying } from "../openai/generation/generation-fixture.ts";

async function bytesOf(events: readonly GenerationEvent[], thenFails?: Error): Promise<Buffer> {
  const frames: Uint8Array[] = [];
  for await (const frame of eventFrames(saying(events, thenFails), () => {})) frames.push(frame);
  return Buffer.concat(frames);
}

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function received(chunks: AsyncIterable<Uint8Array>): Promise<GenerationEvent[]> {
  const response = await readForwardResponse(chunks);
  if (response.type !== "result" || response.result.type !== "generation") throw new Error(`answered ${response.type}`);
  const events: GenerationEvent[] = [];
  for await (const event of response.result.events) events.push(event);
  return events;
}

test("events arrive as they were said, in pieces of any size", async () => {
  const bytes = await bytesOf(HELLO);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), async (sizes) => {
      expect(await received(inPieces(bytes, sizes))).toEqual(HELLO);
    }),
  );
});

test("an event is there as soon as its bytes are", async () => {
  const more = Promise.withResolvers<void>();
  async function* halting() {
    yield await bytesOf(HELLO.slice(0, 2));
    await more.promise;
    yield await bytesOf(HELLO.slice(2));
  }
  const response = await readForwardResponse(halting());
  if (response.type !== "result" || response.result.type !== "generation") throw new Error("answered otherwise");
  const events = response.result.events[Symbol.asyncIterator]();
  expect([(await events.next()).value, (await events.next()).value]).toEqual(HELLO.slice(0, 2));
  more.resolve();
  expect((await events.next()).value).toEqual(HELLO[2]);
});

test("an error of the stream is thrown where it happened", async () => {
  const error = new FarthingError("deadline_exceeded", "Too late.", { retryAfterSeconds: 1 });
  const reported: FarthingError[] = [];
  const frames: Uint8Array[] = [];
  for await (const frame of eventFrames(saying(HELLO.slice(0, 3), error), (seen) => reported.push(seen)))
    frames.push(frame);
  expect(reported).toEqual([error]);
  await expect(received(inPieces(Buffer.concat(frames), [10]))).rejects.toMatchObject({
    code: "deadline_exceeded",
    message: "Too late.",
    retryAfterSeconds: 1,
  });
});

test("a stream that ends early, anywhere, is a dependency that broke off", async () => {
  const bytes = await bytesOf(HELLO);
  for (let length = 0; length < bytes.length; length += 7) {
    await expect(received(inPieces(bytes.subarray(0, length), [50]))).rejects.toMatchObject({
      code: "dependency_unavailable",
    });
  }
});

test("an answer in one piece is read by the same reader", async () => {
  const vectors = [Float32Array.of(1, 2)];
  const result = {
    type: "embeddings",
    vectors,
    usage: { inputTokens: 1, outputTokens: 0, inferenceMillis: 1 },
  } as const;
  const bytes = encodeForwardResponse({ type: "result", result });
  expect(await readForwardResponse(inPieces(bytes, [3]))).toEqual({ type: "result", result });
  expect(await readForwardResponse(inPieces(encodeForwardResponse({ type: "ready" }), [3]))).toEqual({ type: "ready" });
});

test("a reader that leaves ends the call", async () => {
  let isOver = false;
  const bytes = await bytesOf(HELLO);
  async function* watched() {
    try {
      yield* inPieces(bytes, [20]);
    } finally {
      isOver = true;
    }
  }
  const response = await readForwardResponse(watched());
  if (response.type !== "result" || response.result.type !== "generation") throw new Error("answered otherwise");
  for await (const _ of response.result.events) break;
  expect(isOver).toBe(true);
});

const REQUEST: GenerationInference = {
  type: "generation",
  prompts: [{ type: "chat", messages: [{ role: "user", content: "grüße" }] }],
  choices: 2,
  maxTokens: 7,
  sampling: {
    repetitionPenalty: 1,
    frequencyPenalty: 0,
    presencePenalty: 0,
    temperature: 0.5,
    topK: 0,
    topP: 1,
    minP: 0,
    seed: -3,
    logitBias: { "5": -1 },
  },
  stop: ["\n"],
  topLogprobs: 2,
};
const ADDRESS = { requestId: "r", deadlineMillis: 1_795_000_000_000, model: "m", version: DIGEST };

test("a request for text arrives whole", () => {
  const event = { type: "infer", ...ADDRESS, request: REQUEST } as const;
  expect(decodeForwardEvent(JSON.parse(encodeForwardEvent(event)))).toEqual(event);
});

test.each([
  [{ prompts: "x" }, "request.prompts must be objects"],
  [{ choices: "2" }, "request.choices must be a number"],
  [{ sampling: null }, "request.sampling must be an object"],
  [{ stop: [1] }, "request.stop must be strings"],
])("a damaged one does not: %j", (fields, why) => {
  const event = { farthing: "infer/1", ...ADDRESS, request: { ...REQUEST, ...fields } };
  expect(() => decodeForwardEvent(event)).toThrow(why);
});
