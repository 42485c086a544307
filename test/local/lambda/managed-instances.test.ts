import { type RunningLambda, startLambda } from "./running-lambda.ts";
import { until } from "./waiting.ts";

let running: RunningLambda;

beforeAll(async () => {
  running = await startLambda();
});
afterAll(() => running.stop());

const onInstances = (concurrency: number, workers: number, properties: Record<string, unknown> = {}) => ({
  MemorySize: 2048,
  CapacityProviderConfig: {
    LambdaManagedInstancesCapacityProviderConfig: {
      CapacityProviderArn: "arn:aws:lambda:us-east-1:123456789012:capacity-provider:here",
      PerExecutionEnvironmentMaxConcurrency: concurrency,
    },
  },
  Environment: { Variables: { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(workers) } },
  ...properties,
});

const many = (name: string, count: number, event: object) =>
  Promise.all(Array.from({ length: count }, () => running.invoke(name, event)));

test("one thread serves many requests at once, each with its own context", async () => {
  const name = await running.addFunction("many-requests", onInstances(8, 1));
  const answers = (await many(name, 8, { together: 8 })).map(({ json }) => json);
  expect(new Set(answers.map(({ threadId }) => threadId)).size).toBe(1);
  expect(Math.max(...answers.map(({ most }) => most))).toBe(8);
  expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(8);
  for (const { requestId, stored } of answers) expect(stored).toBe(requestId);
  for (const { requestId } of answers) {
    const logged = running.lines.filter(([, line]) => line.includes(`serves ${requestId}`));
    expect(logged.map(([, line]) => line)).toEqual([expect.stringContaining(`\t${requestId}\tINFO\t`)]);
  }
});

test("every thread of the one process gets its share, and what exceeds the configured number waits", async () => {
  const name = await running.addFunction("many-requests", onInstances(4, 2));
  await many(name, 4, { pause: 30 });
  const answers = (await many(name, 12, { pause: 30 })).map(({ json }) => json);
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1);
  const perThread = Object.values(Object.groupBy(answers, ({ threadId }) => String(threadId)));
  expect(perThread).toHaveLength(2);
  expect(Math.max(...answers.map(({ most }) => most))).toBeLessThanOrEqual(4);
});

test("an error and a timeout are one request's; the process goes on with the others", async () => {
  const name = await running.addFunction("many-requests", onInstances(4, 1, { Timeout: 1 }));
  const [good, thrown, hanging] = await Promise.all([
    running.invoke(name, { together: 1 }),
    running.invoke(name, { fault: "throw" }),
    running.invoke(name, { fault: "hang" }),
  ]);
  expect(thrown?.json).toMatchObject({ errorType: "Error", errorMessage: "thrown" });
  expect(hanging?.json).toMatchObject({ errorType: "Sandbox.Timedout" });
  expect((await running.invoke(name, {})).json.pid).toBe(good?.json.pid);
});

test("when the process dies, all of its requests get an error, and the next one a new process", async () => {
  const name = await running.addFunction("many-requests", onInstances(4, 1));
  const { pid } = (await running.invoke(name, {})).json;
  const [waiting, dying] = await Promise.all([
    running.invoke(name, { together: 9 }),
    running.invoke(name, { fault: "exit" }),
  ]);
  for (const answer of [waiting, dying]) expect(answer?.json.errorType).toBe("Runtime.ExitError");
  expect((await running.invoke(name, {})).json.pid).not.toBe(pid);
});

test("an init that fails is answered to those who waited, with the reason", async () => {
  const name = await running.addFunction("broken-init", onInstances(4, 2));
  const answers = await many(name, 3, {});
  for (const { functionError, json } of answers) {
    expect(functionError).toBe("Unhandled");
    expect(json.errorMessage).toBeTruthy();
    expect(json.errorType).not.toBe("Runtime.ExitError");
  }
});

test("streamed answers of one thread run side by side", async () => {
  const name = await running.addFunction("streams", onInstances(4, 1));
  const answers = await Promise.all(Array.from({ length: 4 }, () => running.invoke(name, { chunks: 3 }, "streaming")));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
});

const logged = (text: string) => running.lines.some(([, line]) => line.includes(text));
const leaving = (functionArn: string, name: string) => {
  const caller = new AbortController();
  const payload = Buffer.from(JSON.stringify({ name, millis: 10_000 }));
  const answer = running.lambda.invoke({ functionArn, payload, responseMode: "buffered", signal: caller.signal });
  return { caller, answer };
};

test("a caller that leaves is told to the request that runs for it, and to no other", async () => {
  const name = await running.addFunction("caller", onInstances(4, 1));
  const [staying, going] = [leaving(name, "staying"), leaving(name, "going")];
  await until(() => logged("staying begins told") && logged("going begins told"));
  going.caller.abort();
  await until(() => logged("going left by its caller"));
  expect(logged("staying left")).toBe(false);
  staying.caller.abort();
  await Promise.all([going.answer, staying.answer]);
});

test("a request that waits leaves the queue with its caller, and never runs", async () => {
  const name = await running.addFunction("caller", onInstances(1, 1));
  const first = leaving(name, "first");
  await until(() => logged("first begins"));
  const second = leaving(name, "second");
  const refused = expect(second.answer).rejects.toThrow("abort");
  second.caller.abort();
  await refused;
  first.caller.abort();
  await first.answer;
  await running.invoke(name, { name: "third", millis: 0 });
  expect(logged("third done")).toBe(true);
  expect(logged("second begins")).toBe(false);
});

test("one request at a time is never told, as in Lambda", async () => {
  const name = await running.addFunction("caller");
  const caller = new AbortController();
  const payload = Buffer.from(JSON.stringify({ name: "alone", millis: 50 }));
  const answer = running.lambda.invoke({ functionArn: name, payload, responseMode: "buffered", signal: caller.signal });
  await until(() => logged("alone begins untold"));
  caller.abort();
  await answer;
  await until(() => logged("alone done"));
});

test("a stream that nobody reads holds its handler back, and goes on when it is read", async () => {
  const functionArn = await running.addFunction("slow-reader", onInstances(4, 1));
  const payload = Buffer.from(JSON.stringify({ chunks: 40, bytes: 16 * 1024 }));
  const { body } = await running.lambda.invoke({ functionArn, payload, responseMode: "streaming" });
  await until(() => logged("waits for its reader"));
  expect(logged("has written all")).toBe(false);
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  expect(bytes).toBe(40 * 16 * 1024);
  await until(() => logged("has written all"));
});

test("what Lambda refuses there is refused here", async () => {
  await expect(running.addFunction("echo", onInstances(4, 1, { MemorySize: 1024 }))).rejects.toThrow(
    "MemorySize is 1024",
  );
  await expect(running.addFunction("echo", onInstances(4, 1, { ReservedConcurrentExecutions: 3 }))).rejects.toThrow(
    "ReservedConcurrentExecutions",
  );
});

test("a capacity provider is known by its ARN", async () => {
  const created = await running.create("AWS::Lambda::CapacityProvider", { CapacityProviderName: "here" });
  expect(created).toEqual({
    ref: "here",
    attributes: { Arn: "arn:aws:lambda:us-east-1:123456789012:capacity-provider:here", State: "Active" },
  });
});
