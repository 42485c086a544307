import type { InvocationResult } from "../../../local/simulator.ts";
import { type RunningLambda, startLambda } from "./running-lambda.ts";
import { pause, until } from "./waiting.ts";

let running: RunningLambda;

beforeAll(async () => {
  running = await startLambda({ memorySampleMillis: 20 });
});
afterAll(() => running.stop());

const stream = (functionArn: string, event: unknown): Promise<InvocationResult> =>
  running.lambda.invoke({ functionArn, payload: Buffer.from(JSON.stringify(event)), responseMode: "streaming" });

test("an answer arrives while it is written, with its prelude and content type", async () => {
  const name = await running.addFunction("streams");
  const answer = await running.invoke(name, { chunks: 2, bytes: 3, headers: { "x-a": "b" } }, "streaming");
  expect(answer.contentType).toBe("application/vnd.awslambda.http-integration-response");
  expect(answer.text).toBe(
    `{"statusCode":200,"headers":{"content-type":"text/plain","x-a":"b"}}${"\\0".repeat(8)}aaabbb`.replaceAll(
      "\\0",
      "\0",
    ),
  );
});

test("a function that streams can be invoked buffered, and one that does not can be invoked streaming", async () => {
  const streams = await running.addFunction("streams");
  expect((await running.invoke(streams, { chunks: 2, bytes: 3, raw: true })).text).toBe("aaabbb");
  const echo = await running.addFunction("echo");
  expect((await running.invoke(echo, { a: 1 }, "streaming")).json.event).toEqual({ a: 1 });
});

test("an error after the first byte ends the body with the failure; before it, too", async () => {
  const name = await running.addFunction("streams");
  const result = await stream(name, { chunks: 3, bytes: 3, raw: true, failAfter: 2 });
  expect(result.functionError).toBeUndefined();
  const received: string[] = [];
  const reading = (async () => {
    for await (const chunk of result.body) received.push(Buffer.from(chunk).toString());
  })();
  await expect(reading).rejects.toMatchObject({
    document: { errorType: "TypeError", errorMessage: "the stream broke" },
  });
  expect(received.join("")).toBe("aaabbb");
  const first = await stream(await running.addFunction("streams.throwsFirst"), {});
  await expect(first.body[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    document: { errorType: "RangeError" },
  });
});

test("a reader that waits holds the function back: 50 MB pile up on neither side", async () => {
  const name = await running.addFunction("streams", { FunctionName: "large", MemorySize: 256 });
  await running.invoke(name, { chunks: 1 }, "streaming");
  const before = process.memoryUsage.rss();
  const result = await stream(name, { chunks: 50, bytes: 1024 * 1024, raw: true });
  const reports = () =>
    running.lines.filter(([group, line]) => group === "/aws/lambda/large" && line.startsWith("REPORT"));
  await until(() => reports().length === 1);
  await pause(300);
  expect(reports()).toHaveLength(1);
  expect((process.memoryUsage.rss() - before) / (1024 * 1024)).toBeLessThan(20);
  let bytes = 0;
  for await (const chunk of result.body) bytes += chunk.length;
  expect(bytes).toBe(50 * 1024 * 1024);
  await until(() => reports().length === 2);
  expect(Number(/Max Memory Used: (\d+) MB/.exec(reports()[1]?.[1] ?? "")?.[1])).toBeLessThan(100);
});

test("a reader that leaves does not stop the function", async () => {
  const name = await running.addFunction("streams", { FunctionName: "left" });
  const result = await stream(name, { chunks: 20, bytes: 1024 * 1024, raw: true });
  const chunks = result.body[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.return?.();
  await until(() => running.events.some((event) => event.type === "invocation" && event.functionName === "left"));
  expect(running.events).toContainEqual(expect.objectContaining({ functionName: "left", status: "success" }));
});
