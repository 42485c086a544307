import { cpSync } from "node:fs";
import { join } from "node:path";
import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  ListFunctionsCommand,
} from "@aws-sdk/client-lambda";
import { createLambdaSimulator, type LambdaSimulator } from "../../../local/lambda/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";
import { until } from "./waiting.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/lambda");
const ARN = "arn:aws:lambda:us-east-1:123456789012:function";

let endpoint: RunningEndpoint;
let lambda: LambdaSimulator;
let operator: LambdaClient;
const lines: string[] = [];

beforeAll(async () => {
  endpoint = await startEndpoint((context, access) => {
    cpSync(FIXTURES, context.stateDirectory, { recursive: true });
    lambda = createLambdaSimulator(context, {
      access,
      logs: { append: (_group, _stream, line) => lines.push(line) },
      metrics: { ingestLogLine: () => undefined },
      options: { concurrency: 1, parallelStarts: 1, eventRetryMillis: [20, 20] },
    });
    return [lambda];
  });
  operator = new LambdaClient(endpoint.asOperator);
  await endpoint.asRole([{ Effect: "Allow", Action: ["logs:*"], Resource: "*" }], "function");
  await endpoint.asRole(
    [{ Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: [`${ARN}:echo`, `${ARN}:caller`] }],
    "caller",
  );
  const add = (FunctionName: string, Handler: string, role = "function") =>
    endpoint.create("AWS::Lambda::Function", FunctionName, {
      FunctionName,
      Handler,
      Runtime: "nodejs24.x",
      Code: { S3Bucket: "assets", S3Key: "assets" },
      Role: `arn:aws:iam::123456789012:role/${role}`,
      Timeout: 10,
    });
  await add("echo", "echo.handler");
  await add("faults", "faults.handler");
  await add("streams", "streams.handler");
  await add("caller", "calls.handler", "caller");
});
afterAll(async () => {
  operator.destroy();
  await endpoint.stop();
});

const text = (payload: Uint8Array | undefined) => Buffer.from(payload ?? []).toString("utf8");

test("Invoke answers with the function's answer, its version and its request id", async () => {
  const context = Buffer.from(JSON.stringify({ custom: { a: 1 } })).toString("base64");
  const answer = await operator.send(
    new InvokeCommand({ FunctionName: "echo", Payload: Buffer.from('{"a":"ü"}'), ClientContext: context }),
  );
  expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
  const { event, context: seen } = JSON.parse(text(answer.Payload));
  expect(event).toEqual({ a: "ü" });
  expect(seen.clientContext).toEqual({ custom: { a: 1 } });
  expect(seen.awsRequestId).toBe(answer.$metadata.requestId);
});

test("a function that fails is a success of the call, marked Unhandled", async () => {
  const answer = await operator.send(
    new InvokeCommand({ FunctionName: `${ARN}:faults`, Payload: Buffer.from('{"fault":"throw"}') }),
  );
  expect(answer).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled" });
  expect(JSON.parse(text(answer.Payload))).toMatchObject({ errorType: "TypeError", errorMessage: "no such thing" });
});

test("InvokeWithResponseStream sends chunks and how it ended, as the SDK reads them", async () => {
  const invoke = async (event: unknown) => {
    const { EventStream, ...head } = await operator.send(
      new InvokeWithResponseStreamCommand({ FunctionName: "streams", Payload: Buffer.from(JSON.stringify(event)) }),
    );
    let body = "";
    let complete: { ErrorCode?: string | undefined; ErrorDetails?: string | undefined } | undefined;
    for await (const { PayloadChunk, InvokeComplete } of EventStream ?? []) {
      body += text(PayloadChunk?.Payload);
      complete = InvokeComplete ?? complete;
    }
    return { head, body, complete };
  };
  const whole = await invoke({ chunks: 3, bytes: 100_000, raw: true });
  expect(whole.body).toBe("a".repeat(100_000) + "b".repeat(100_000) + "c".repeat(100_000));
  expect(whole.head).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
  expect(whole.complete?.ErrorCode).toBeUndefined();
  const broken = await invoke({ chunks: 3, bytes: 2, raw: true, failAfter: 1 });
  expect(broken.body).toBe("aa");
  expect(broken.complete?.ErrorCode).toBe("TypeError");
  expect(JSON.parse(broken.complete?.ErrorDetails ?? "")).toMatchObject({ errorMessage: "the stream broke" });
});

test("an event is taken at once and tried again while the function fails", async () => {
  const before = lines.filter((line) => line.includes("no such thing")).length;
  const answer = await operator.send(
    new InvokeCommand({ FunctionName: "faults", InvocationType: "Event", Payload: Buffer.from('{"fault":"throw"}') }),
  );
  expect(answer.StatusCode).toBe(202);
  await until(() => lines.filter((line) => line.includes("no such thing")).length - before === 3);
  await until(() =>
    endpoint.events.some((event) => event.type === "warning" && /dropped event .* failed 3 times/.test(event.message)),
  );
});

test("a dry run checks and does not run", async () => {
  const starts = () => lines.filter((line) => line.startsWith("START")).length;
  const before = starts();
  const answer = await operator.send(new InvokeCommand({ FunctionName: "echo", InvocationType: "DryRun" }));
  expect(answer.StatusCode).toBe(204);
  expect(starts()).toBe(before);
});

test("functions can be looked at", async () => {
  const { Functions = [] } = await operator.send(new ListFunctionsCommand());
  expect(Functions.map(({ FunctionName }) => FunctionName)).toEqual(["echo", "faults", "streams", "caller"]);
  expect(await operator.send(new GetFunctionConfigurationCommand({ FunctionName: "echo" }))).toMatchObject({
    FunctionArn: `${ARN}:echo`,
    Runtime: "nodejs24.x",
    MemorySize: 128,
    Timeout: 10,
    State: "Active",
  });
  const { Configuration, Code } = await operator.send(new GetFunctionCommand({ FunctionName: "echo" }));
  expect(Configuration?.Handler).toBe("echo.handler");
  expect(Code?.Location).toMatch(/^file:\/\//);
});

test.each([
  ["ResourceNotFoundException", 404, { FunctionName: "nobody" }],
  ["ResourceNotFoundException", 404, { FunctionName: "echo", Qualifier: "9" }],
  ["InvalidRequestContentException", 400, { FunctionName: "echo", Payload: Buffer.from("{") }],
  ["RequestTooLargeException", 413, { FunctionName: "echo", Payload: Buffer.from(`"${"x".repeat(6 * 1024 * 1024)}"`) }],
  [
    "RequestTooLargeException",
    413,
    { FunctionName: "echo", InvocationType: "Event" as const, Payload: Buffer.from(`"${"x".repeat(1024 * 1024)}"`) },
  ],
])("%s (%i)", async (name, status, input) => {
  await expect(operator.send(new InvokeCommand(input))).rejects.toMatchObject({
    name,
    $metadata: { httpStatusCode: status },
  });
});

test("a role needs lambda:InvokeFunction for the very function", async () => {
  const client = new LambdaClient({
    ...endpoint.asOperator,
    credentials: endpoint.access.assumeRole("arn:aws:iam::123456789012:role/caller", "session"),
  });
  expect((await client.send(new InvokeCommand({ FunctionName: "echo" }))).StatusCode).toBe(200);
  await expect(client.send(new InvokeCommand({ FunctionName: "faults" }))).rejects.toMatchObject({
    name: "AccessDeniedException",
    message: expect.stringContaining(
      "not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:faults",
    ),
    $metadata: { httpStatusCode: 403 },
  });
  client.destroy();
});

test("functions that wait for each other do not lock each other out, though one request runs at a time", async () => {
  const payload = Buffer.from(
    JSON.stringify({ functionName: "caller", inner: { functionName: "echo", inner: { deep: true } } }),
  );
  const answers = await Promise.all(
    Array.from({ length: 3 }, () => operator.send(new InvokeCommand({ FunctionName: "caller", Payload: payload }))),
  );
  for (const answer of answers) expect(JSON.parse(text(answer.Payload)).event).toEqual({ deep: true });
});
