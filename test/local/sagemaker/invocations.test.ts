/** The runtime API as AWS's SDK speaks it, in front of real processes. */
import {
  InvokeEndpointCommand,
  type InvokeEndpointCommandInput,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from "@aws-sdk/client-sagemaker-runtime";
import fc from "fast-check";
import { partsOf } from "../../../local/sagemaker/runtime-api/event-stream-parts.ts";
import { putFault } from "./put-fault.ts";
import { inService, type RunningSageMaker, startSageMaker, waitFor } from "./running-sagemaker.ts";

const PART_BYTES = 7;
const TIMEOUT_MILLIS = 600;
let sagemaker: RunningSageMaker;

beforeAll(async () => {
  sagemaker = await startSageMaker({
    streamPartBytes: PART_BYTES,
    responseTimeoutMillis: TIMEOUT_MILLIS,
    streamTimeoutMillis: TIMEOUT_MILLIS,
    maxPayloadBytes: 10_000,
    // A container that says nothing for a while is not ill.
    pingMillis: 60_000,
  });
  await sagemaker.createEndpoint("chat");
  await sagemaker.createComponent("small", "chat", { environment: { GREETING: "hello" } });
  await sagemaker.until("small", inService);
}, 30_000);
afterAll(() => sagemaker?.stop());

const invoke = (body: unknown, more: Partial<InvokeEndpointCommandInput> = {}) =>
  sagemaker.runtime.send(
    new InvokeEndpointCommand({
      EndpointName: "chat",
      InferenceComponentName: "small",
      ContentType: "application/json",
      Body: typeof body === "string" ? body : JSON.stringify(body),
      ...more,
    }),
  );
const json = async (body: unknown, more: Partial<InvokeEndpointCommandInput> = {}) =>
  JSON.parse(new TextDecoder().decode((await invoke(body, more)).Body));

async function stream(body: unknown, client = sagemaker.runtime) {
  const response = await client.send(
    new InvokeEndpointWithResponseStreamCommand({
      EndpointName: "chat",
      InferenceComponentName: "small",
      ContentType: "application/json",
      Accept: "text/event-stream",
      Body: JSON.stringify(body),
    }),
  );
  const parts: Uint8Array[] = [];
  let failure: unknown;
  try {
    for await (const event of response.Body ?? []) if (event.PayloadPart?.Bytes) parts.push(event.PayloadPart.Bytes);
  } catch (error) {
    failure = error;
  }
  return {
    parts,
    text: Buffer.concat(parts).toString("utf8"),
    failure,
    contentType: response.ContentType,
    variant: response.InvokedProductionVariant,
  };
}

describe("InvokeEndpoint", () => {
  test("the answer is the container's, with the variant that gave it", async () => {
    const answer = await invoke("just text");
    expect(new TextDecoder().decode(answer.Body)).toBe("just text");
    expect(answer).toMatchObject({ ContentType: "text/plain", InvokedProductionVariant: "all" });
  });

  test("the container gets the headers of the API and no others", async () => {
    const headers = await json(
      { do: "headers" },
      { Accept: "application/json", CustomAttributes: "trace=1", InferenceId: "id-1", SessionId: "s-1" },
    );
    expect(headers).toMatchObject({
      "content-type": "application/json",
      accept: "application/json",
      "x-amzn-sagemaker-custom-attributes": "trace=1",
      "x-amzn-sagemaker-inference-id": "id-1",
      "x-amzn-sagemaker-session-id": "s-1",
    });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(["authorization"]));
    expect(JSON.stringify(headers)).not.toMatch(/x-amz-date|user-agent/);
  });

  test("the process finds what a container would", async () => {
    const environment = await json({ do: "environment" });
    expect(environment).toMatchObject({
      GREETING: "hello",
      SAGEMAKER_BIND_TO_PORT: expect.stringMatching(/^\d+$/),
      SM_MODEL_DIR: expect.stringContaining("model"),
      FARTHING_CONTAINER_IMAGE: expect.stringContaining("vllm"),
      AWS_ENDPOINT_URL: sagemaker.endpoint.url,
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
      arguments: ["serve"],
    });
  });

  test.each([
    [500, "server", "out of memory"],
    [422, "client", '{"error":{"message":"no such tool"}}'],
  ])("a container's %i is a ModelError that says so", async (status, kind, message) => {
    await expect(invoke({ do: "error", status, message })).rejects.toMatchObject({
      name: "ModelError",
      $metadata: { httpStatusCode: 424 },
      OriginalStatusCode: status,
      OriginalMessage: message,
      LogStreamArn: expect.stringMatching(
        /^arn:aws:logs:us-east-1:123456789012:log-group:\/aws\/sagemaker\/InferenceComponents\/small:/,
      ),
      message: expect.stringContaining(`Received ${kind} error (${status}) from primary with message "${message}"`),
    });
  });

  test("no answer in time is a ModelError with status 0, and so is a connection that ends", async () => {
    await expect(invoke({ do: "silence" })).rejects.toMatchObject({
      name: "ModelError",
      OriginalStatusCode: 0,
      OriginalMessage: expect.stringMatching(/^Your invocation timed out while waiting for a response from container/),
    });
    await expect(invoke({ do: "hang-up" })).rejects.toMatchObject({ name: "ModelError", OriginalStatusCode: 0 });
  });

  test("a body over the limit is refused", async () => {
    await expect(invoke("x".repeat(10_001))).rejects.toMatchObject({
      name: "ValidationError",
      message: expect.stringContaining("less than or equal to 10000"),
    });
  });

  test.each([
    [{ EndpointName: "absent" }, /^Endpoint absent of account 123456789012 not found/],
    [{ InferenceComponentName: undefined }, /^Inference Component Name header is required/],
    [{ InferenceComponentName: "absent" }, /^Inference Component absent of endpoint chat not found/],
    [{ SessionId: "not a session" }, /^Session id/],
  ])("%j is refused in AWS's words", async (more, message) => {
    await expect(invoke("x", more as Partial<InvokeEndpointCommandInput>)).rejects.toMatchObject({
      name: "ValidationError",
      message: expect.stringMatching(message),
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe("InvokeEndpointWithResponseStream", () => {
  test("parts end anywhere, and together are every byte", async () => {
    const pieces = ['data: {"text":"Woertö 👋"}\n\n', "data: ", "[DO", "NE]\n\n"];
    const { parts, text, contentType, variant } = await stream({ do: "stream", pieces });
    expect(text).toBe(pieces.join(""));
    expect({ contentType, variant }).toEqual({ contentType: "text/event-stream", variant: "all" });
    expect(Math.max(...parts.map(({ length }) => length))).toBe(PART_BYTES);
    // A character in two parts: decoding them one by one does not give the text.
    expect(parts.map((part) => new TextDecoder().decode(part)).join("")).not.toBe(text);
  });

  test("what comes, comes at once: the first part is there before the last is made", async () => {
    const started = sagemaker.runtime.send(
      new InvokeEndpointWithResponseStreamCommand({
        EndpointName: "chat",
        InferenceComponentName: "small",
        Body: JSON.stringify({ do: "stall" }),
      }),
    );
    const events = (await started).Body?.[Symbol.asyncIterator]();
    const first = await events?.next();
    expect(first?.value?.PayloadPart?.Bytes).toHaveLength(PART_BYTES);
    await expect(async () => {
      while (!(await events?.next())?.done);
    }).rejects.toMatchObject({ name: "ModelStreamError" });
  });

  test("an error before the first byte has a status of its own", async () => {
    await expect(stream({ do: "error", status: 429, message: "queue full" })).rejects.toMatchObject({
      name: "ModelError",
      OriginalStatusCode: 429,
    });
  });

  test("a container that stalls: ModelInvocationTimeExceeded", async () => {
    const { text, failure } = await stream({ do: "stall" });
    expect(text).toBe("data: 1\n\n");
    expect(failure).toMatchObject({ name: "ModelStreamError", ErrorCode: "ModelInvocationTimeExceeded" });
  });

  test("a caller who leaves ends the container's work", async () => {
    const abort = new AbortController();
    const response = await sagemaker.runtime.send(
      new InvokeEndpointWithResponseStreamCommand({
        EndpointName: "chat",
        InferenceComponentName: "small",
        Body: JSON.stringify({ do: "stall" }),
      }),
      { abortSignal: abort.signal },
    );
    await response.Body?.[Symbol.asyncIterator]().next();
    expect((await json({ do: "stalled" })).count).toBe(1);
    abort.abort();
    await waitFor(
      () => json({ do: "stalled" }),
      ({ count }) => count === 0,
    );
  });

  test("bytes cut to parts are the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const parts = [...partsOf(bytes, size)];
        expect(Buffer.concat(parts)).toEqual(Buffer.from(bytes));
        expect(parts.every(({ length }) => length > 0 && length <= size)).toBe(true);
      }),
    );
  });
});

describe("failures that AWS documents and a machine does not have", () => {
  test.each([
    ["ThrottlingException", 400],
    ["ServiceUnavailable", 503],
    ["ModelNotReadyException", 429],
    ["InternalFailure", 500],
    ["InternalDependencyException", 530],
  ] as const)("%s (%i), as often as asked, then no more", async (fault, status) => {
    await putFault(sagemaker.control, "chat", fault, 2);
    await expect(invoke("x")).rejects.toMatchObject({ name: fault, $metadata: { httpStatusCode: status } });
    await expect(stream({ do: "stream", pieces: ["x"] })).rejects.toMatchObject({ name: fault });
    expect(new TextDecoder().decode((await invoke("x")).Body)).toBe("x");
  });

  test("InternalStreamFailure comes after a stream has begun", async () => {
    await putFault(sagemaker.control, "chat", "InternalStreamFailure", 1);
    const { text, failure } = await stream({ do: "stream", pieces: ["data: 1\n\n", "data: 2\n\n"], pauseMillis: 100 });
    expect(text).toBe("data: 1\n\n");
    expect(failure).toMatchObject({ name: "InternalStreamFailure" });
  });
});

describe("permissions", () => {
  const endpointArn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/chat";
  const componentArn = "arn:aws:sagemaker:us-east-1:123456789012:inference-component/small";
  const asRole = async (resources: readonly string[]) =>
    new SageMakerRuntimeClient(
      await sagemaker.endpoint.asRole([{ Effect: "Allow", Action: "sagemaker:InvokeEndpoint", Resource: resources }]),
    );
  const call = new InvokeEndpointCommand({ EndpointName: "chat", InferenceComponentName: "small", Body: "x" });

  test("a role that may call endpoint and component may; one that may call only one of them may not", async () => {
    expect(new TextDecoder().decode((await (await asRole([endpointArn, componentArn])).send(call)).Body)).toBe("x");
    for (const only of [endpointArn, componentArn]) {
      await expect((await asRole([only])).send(call)).rejects.toMatchObject({
        name: "AccessDeniedException",
        message: expect.stringContaining("not authorized to perform: sagemaker:InvokeEndpoint on resource"),
        $metadata: { httpStatusCode: 403 },
      });
    }
  });

  test("asking for a fault is the operator's alone", async () => {
    const { SageMakerClient } = await import("@aws-sdk/client-sagemaker");
    const role = await sagemaker.endpoint.asRole([{ Effect: "Allow", Action: "sagemaker:Invoke*", Resource: "*" }]);
    await expect(putFault(new SageMakerClient(role), "chat", "InternalFailure", 1)).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
  });
});
