import fc from "fast-check";
import { ERRORS, type ErrorCode, FarthingError } from "../../../../core/errors.ts";
import {
  decodeForwardEvent,
  encodeForwardEvent,
  type ForwardedEvent,
  isForwardEvent,
} from "../../../../core/protocols/forward/event.ts";
import {
  decodeForwardResponse,
  encodeForwardResponse,
  type WholeResponse,
} from "../../../../core/protocols/forward/response.ts";
import type { InferenceRequest, WholeResult } from "../../../../core/protocols/spec/inference.ts";
import type { Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { DIGEST, errorOf, USAGE } from "../fixture-model.ts";
import { arbitraryTensor, bitsOf } from "../tensors/arbitrary-tensor.ts";

const ADDRESS = { requestId: "r-1", deadlineMillis: 1_795_000_000_000, model: "digits", version: DIGEST };
const arbitraryTensors = fc.array(
  fc.integer({ min: 0, max: 4 }).chain((index) => arbitraryTensor(`t${index}`)),
  {
    maxLength: 4,
  },
);

const withBits = (tensors: readonly Tensor[]) =>
  tensors.map(({ name, dataType, shape, data }) => ({ name, dataType, shape, bits: bitsOf({ data }) }));

const throughEvent = (event: ForwardedEvent) => {
  const parsed: unknown = JSON.parse(encodeForwardEvent(event));
  expect(isForwardEvent(parsed)).toBe(true);
  return decodeForwardEvent(parsed);
};

describe("event", () => {
  test("tensors of every datatype arrive as they were sent", () => {
    fc.assert(
      fc.property(arbitraryTensors, fc.option(fc.array(fc.string()), { nil: undefined }), (inputs, outputs) => {
        const request: InferenceRequest = { type: "tensors", inputs, ...(outputs && { outputs }) };
        const received = throughEvent({ type: "infer", ...ADDRESS, request });
        if (received.type !== "infer" || received.request.type !== "tensors") throw new Error("another kind of event");
        expect(withBits(received.request.inputs)).toEqual(withBits(inputs));
        expect(received.request.outputs).toEqual(outputs);
        expect(received).toMatchObject(ADDRESS);
      }),
      { numRuns: 300 },
    );
  });

  test.each<InferenceRequest>([
    { type: "embeddings", inputs: ["grüße", [1, 2]] },
    { type: "embeddings", inputs: ["a"], dimensions: 64 },
  ])("embeddings: %j", (request) => {
    expect(throughEvent({ type: "infer", ...ADDRESS, request })).toEqual({ type: "infer", ...ADDRESS, request });
  });

  test("what a task is asked to do, and where its inputs stood", () => {
    const text: Tensor = { name: "text", dataType: "BYTES", shape: [1], data: ["a"] };
    const parameters = { truncate: true, hypothesisTemplate: "{}!", aggregation: "none" } as const;
    const request: InferenceRequest = { type: "tensors", inputs: [text], parameters, places: { text: "input[]" } };
    expect(throughEvent({ type: "infer", ...ADDRESS, request })).toEqual({ type: "infer", ...ADDRESS, request });
  });

  test("a question whether a version is ready", () => {
    expect(throughEvent({ type: "ready", ...ADDRESS })).toEqual({ type: "ready", ...ADDRESS });
  });

  test("what Lambda would not take is refused before it is sent", () => {
    const data = new Float64Array(700_000);
    const inputs = [{ name: "x", dataType: "FP64", shape: [data.length], data }] as const;
    const event = { type: "infer", ...ADDRESS, request: { type: "tensors", inputs } } as const;
    expect(errorOf(() => encodeForwardEvent(event))).toMatchObject({
      code: "payload_too_large",
      message: expect.stringMatching(/^The inputs take 74\d{5} bytes .* at most 6291456 are allowed\. Send fewer rows/),
    });
  });

  const infer = { farthing: "infer/1", ...ADDRESS };
  const tensor = { name: "x", dataType: "FP32", shape: [1], bytes: 4 };
  test.each([
    ["no object", 5, "it is no object"],
    ["no address", { farthing: "ready/1" }, "requestId, model and version must be strings"],
    ["no deadline", { ...ADDRESS, deadlineMillis: null }, "deadlineMillis must be a number"],
    ["another version", { ...infer, farthing: "infer/2" }, 'farthing must be "infer/1" or "ready/1"'],
    ["no request", infer, "request must be an object"],
    [
      "an unknown task",
      { ...infer, request: { type: "chat" } },
      'request.type must be "tensors", "embeddings" or "generation"',
    ],
    ["no data", { ...infer, request: { type: "tensors", inputs: [tensor] } }, "request.data must be base64"],
    ["inputs no array", { ...infer, request: { type: "tensors", inputs: {}, data: "" } }, "tensors are no array"],
    [
      "a tensor of no datatype",
      { ...infer, request: { type: "tensors", inputs: [{ ...tensor, dataType: "F32" }], data: "" } },
      "tensor 0 has no name, datatype, shape or size",
    ],
    [
      "data too short",
      { ...infer, request: { type: "tensors", inputs: [tensor], data: "AAA=" } },
      "tensor 0 has 2 bytes of data; FP32 of shape [1] needs 4.",
    ],
    [
      "data too long",
      { ...infer, request: { type: "tensors", inputs: [tensor], data: "AAAAAAAA" } },
      "6 bytes of tensor data instead of 4",
    ],
    [
      "outputs no strings",
      { ...infer, request: { type: "tensors", inputs: [], outputs: [1], data: "" } },
      "request.outputs must be strings",
    ],
    [
      "inputs no texts",
      { ...infer, request: { type: "embeddings", inputs: [{}] } },
      "request.inputs must be texts or token ids",
    ],
  ])("refused: %s", (_, event, why) => {
    const { code, message } = errorOf(() => decodeForwardEvent(event));
    expect(code).toBe("malformed_body");
    expect(message).toContain(`The forwarded event cannot be read: ${why}`);
  });

  test("an HTTP event is no forwarded one", () => {
    expect(isForwardEvent({ httpMethod: "GET", path: "/v2" })).toBe(false);
    expect(isForwardEvent(null)).toBe(false);
  });
});

const throughResponse = (response: WholeResponse) => decodeForwardResponse(encodeForwardResponse(response));

describe("response", () => {
  test("tensors of every datatype arrive as they were sent", () => {
    fc.assert(
      fc.property(arbitraryTensors, (outputs) => {
        const received = throughResponse({ type: "result", result: { type: "tensors", outputs, usage: USAGE } });
        if (received.type !== "result" || received.result.type !== "tensors") throw new Error("another kind of answer");
        expect(withBits(received.result.outputs)).toEqual(withBits(outputs));
        expect(received.result.usage).toEqual(USAGE);
      }),
      { numRuns: 300 },
    );
  });

  test("NaN and infinities in an answer are data like any other", () => {
    const data = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY);
    const outputs = [{ name: "y", dataType: "FP32", shape: [2], data }] as const;
    const result: WholeResult = { type: "tensors", outputs, usage: USAGE };
    expect(throughResponse({ type: "result", result })).toMatchObject({ result });
  });

  test("vectors, each of its own", () => {
    const vectors = [Float32Array.of(1, 2), Float32Array.of(9, 3, 4).subarray(1)];
    const result: WholeResult = { type: "embeddings", vectors, usage: USAGE };
    expect(throughResponse({ type: "result", result })).toEqual({ type: "result", result });
  });

  test("ready", () => {
    expect(throughResponse({ type: "ready" })).toEqual({ type: "ready" });
  });

  test.each(Object.keys(ERRORS) as ErrorCode[])("the error %s keeps code, message, field and delay", (code) => {
    const details = { field: "inputs[0].data", retryAfterSeconds: 2.5 };
    const received = throughResponse({ type: "error", error: new FarthingError(code, "What happened.", details) });
    expect(received).toMatchObject({ type: "error", error: { code, message: "What happened.", ...details } });
    const bare = throughResponse({ type: "error", error: new FarthingError(code, "x") });
    expect(bare).toMatchObject({ error: { field: undefined, retryAfterSeconds: undefined } });
  });

  test("an answer cut short at any byte is the other deployment's failure, not a wrong result", () => {
    const outputs = [{ name: "y", dataType: "FP32", shape: [2], data: Float32Array.of(1, 2) }] as const;
    const bytes = encodeForwardResponse({ type: "result", result: { type: "tensors", outputs, usage: USAGE } });
    for (let length = 0; length < bytes.length; length++) {
      expect(errorOf(() => decodeForwardResponse(bytes.subarray(0, length))).code).toBe("dependency_unavailable");
    }
  });

  test("what Lambda itself writes when the function dies is no frame", () => {
    const text = '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited"}';
    expect(errorOf(() => decodeForwardResponse(new TextEncoder().encode(text))).code).toBe("dependency_unavailable");
  });
});
