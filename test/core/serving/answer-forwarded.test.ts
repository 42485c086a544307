import { jest } from "@jest/globals";
import { FarthingError } from "../../../core/errors.ts";
import { encodeForwardEvent } from "../../../core/protocols/forward/event.ts";
import { readForwardResponse } from "../../../core/protocols/forward/read-response.ts";
import { decodeForwardResponse } from "../../../core/protocols/forward/response.ts";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import { createAnswerForwarded } from "../../../core/serving/answer-forwarded.ts";
import type { LocalModels } from "../../../core/serving/local-models.ts";
import { HELLO, saying } from "../protocols/openai/generation/generation-fixture.ts";
import { digestOf, fakeClock, RESULT } from "./world.ts";

const { clock } = fakeClock();
const address = {
  requestId: "r",
  deadlineMillis: clock.epochMillis() + 1_000,
  model: "digits",
  version: digestOf("a"),
};
const inferEvent = { type: "infer", ...address, request: { type: "tensors", inputs: [] } } as const;

async function answerOf(models: Partial<LocalModels>, event: unknown) {
  const faults: FarthingError[] = [];
  const answer = createAnswerForwarded({
    models: { infer: async () => RESULT, ready: async () => {}, ...models },
    clock,
    reportFault: (error) => faults.push(error),
  });
  return { response: decodeForwardResponse((await answer(event, "lambda-1")) as Uint8Array), faults };
}

const overTheWire = (event: Parameters<typeof encodeForwardEvent>[0]): unknown => JSON.parse(encodeForwardEvent(event));

test("the model that the router chose answers, addressed by name and digest alone", async () => {
  const infer = jest.fn(async () => RESULT);
  const { response } = await answerOf({ infer }, overTheWire(inferEvent));
  expect(response).toEqual({ type: "result", result: RESULT });
  const { requestId, deadlineMillis, model, version } = address;
  expect(infer).toHaveBeenCalledWith({ model, version }, inferEvent.request, { requestId, deadlineMillis });
});

test("readiness is asked of the model", async () => {
  expect((await answerOf({}, overTheWire({ type: "ready", ...address }))).response).toEqual({ type: "ready" });
});

test("errors travel as they are, faults of ours are reported here too", async () => {
  const corrupt = new FarthingError("model_not_ready", "model.onnx is cut short");
  const { response, faults } = await answerOf({ infer: () => Promise.reject(corrupt) }, overTheWire(inferEvent));
  expect(response).toMatchObject({ type: "error", error: { code: "model_not_ready", message: corrupt.message } });
  expect(faults).toEqual([corrupt]);
});

test("generated text leaves as frames; what fails before its first event is one error, what fails later the last frame", async () => {
  const request = { type: "generation", prompts: [], choices: 1, sampling: {}, stop: [] };
  const event = { farthing: "infer/1", ...address, request };
  const broken = new FarthingError("dependency_unavailable", "It broke off.");
  const answerTo = (events: AsyncIterable<GenerationEvent>) => {
    const faults: FarthingError[] = [];
    const infer = async () => ({ type: "generation", events }) as const;
    const models = { infer, ready: async () => {} };
    const answer = createAnswerForwarded({ models, clock, reportFault: (error) => faults.push(error) });
    return answer(event, "lambda-1").then((bytes) => ({ bytes, faults }));
  };
  const early = await answerTo(saying([], broken));
  expect(decodeForwardResponse(early.bytes as Uint8Array)).toMatchObject({
    type: "error",
    error: { code: broken.code },
  });
  expect(early.faults).toEqual([broken]);

  const late = await answerTo(saying(HELLO.slice(0, 3), broken));
  const response = await readForwardResponse(late.bytes as AsyncIterable<Uint8Array>);
  if (response.type !== "result" || response.result.type !== "generation") throw new Error("answered otherwise");
  const events: GenerationEvent[] = [];
  const { events: said } = response.result;
  await expect(async () => {
    for await (const one of said) events.push(one);
  }).rejects.toMatchObject({ code: broken.code });
  expect(events).toEqual(HELLO.slice(0, 3));
  expect(late.faults).toEqual([broken]);
});

test("an event that cannot be read is an answer, not a crash", async () => {
  const { response } = await answerOf({}, { farthing: "infer/1" });
  expect(response).toMatchObject({ type: "error", error: { code: "malformed_body" } });
});
