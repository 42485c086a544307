import { type RunningLambda, startLambda } from "./running-lambda.ts";
import { isAlive, pause, until } from "./waiting.ts";

let running: RunningLambda;

beforeAll(async () => {
  running = await startLambda({ memorySampleMillis: 20 });
});
afterAll(() => running.stop());

const reports = (group: string) =>
  running.lines.filter(([name, line]) => name === group && line.startsWith("REPORT")).map(([, line]) => line);

test.each([
  ["a thrown error", { fault: "throw" }, "TypeError", "no such thing"],
  ["a rejection with a text", { fault: "reject" }, "string", "a text, not an error"],
  ["an answer that is no JSON", { fault: "cycle" }, "Runtime.JSONStringifyError", "Unable to stringify response body"],
])("%s is the answer, and the environment lives on", async (_what, event, errorType, errorMessage) => {
  const name = await running.addFunction("faults");
  const { pid } = (await running.invoke(name, { fault: "none" })).json;
  const answer = await running.invoke(name, event);
  expect(answer.functionError).toBe("Unhandled");
  expect(answer.json).toMatchObject({ errorType, errorMessage });
  expect((await running.invoke(name, { fault: "none" })).json.pid).toBe(pid);
});

test.each([
  ["exit 0", { fault: "exit" }, "Runtime exited without providing a reason"],
  ["exit 7", { fault: "exit", status: 7 }, "Runtime exited with error: exit status 7"],
  ["an uncaught exception", { fault: "uncaught-later" }, "Runtime exited with error: exit status 1"],
])("%s ends the environment; the next request gets another", async (_what, event, what) => {
  const name = await running.addFunction("faults");
  const { pid } = (await running.invoke(name, { fault: "none" })).json;
  const answer = await running.invoke(name, event);
  expect(answer.functionError).toBe("Unhandled");
  expect(answer.json.errorType).toBe("Runtime.ExitError");
  expect(answer.json.errorMessage).toMatch(new RegExp(`^RequestId: [0-9a-f-]{36} Error: ${what}$`));
  expect((await running.invoke(name, { fault: "none" })).json.pid).not.toBe(pid);
});

test("a process that is killed in the middle of a request is a crash, not a hang", async () => {
  const name = await running.addFunction("faults");
  const { pid } = (await running.invoke(name, { fault: "none" })).json;
  const answer = running.invoke(name, { fault: "never-answer" });
  await pause(50);
  process.kill(pid, "SIGKILL");
  expect((await answer).json.errorMessage).toMatch(/Runtime exited with error: signal: killed$/);
});

test.each(["never-answer", "spin"])("a function that does not end (%s) is stopped at its timeout", async (fault) => {
  const name = await running.addFunction("faults", { FunctionName: `slow-${fault}`, Timeout: 1 });
  const { pid } = (await running.invoke(name, { fault: "none" })).json;
  const answer = await running.invoke(name, { fault });
  expect(answer.json).toEqual({
    errorType: "Sandbox.Timedout",
    errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
  });
  expect(isAlive(pid)).toBe(false);
  await until(() => reports(`/aws/lambda/slow-${fault}`).length === 2);
  expect(reports(`/aws/lambda/slow-${fault}`)[1]).toMatch(
    /Duration: 1000\.00 ms\tBilled Duration: 1000 ms.*Status: timeout/,
  );
  expect(running.lines.some(([, line]) => /^\S+Z [0-9a-f-]{36} Task timed out after 1\.00 seconds$/.test(line))).toBe(
    true,
  );
  expect((await running.invoke(name, { fault: "none" })).json.pid).not.toBe(pid);
});

test("a function that outgrows its memory is killed", async () => {
  const name = await running.addFunction("faults", { FunctionName: "greedy" });
  const answer = await running.invoke(name, { fault: "grow-memory" });
  expect(answer.json.errorType).toBe("Runtime.OutOfMemory");
  expect(answer.json.errorMessage).toMatch(/Runtime exited with error: signal: killed$/);
  await until(() => reports("/aws/lambda/greedy").length === 1);
  expect(reports("/aws/lambda/greedy")[0]).toMatch(/Status: error\tError Type: Runtime\.OutOfMemory/);
  expect(running.events).toContainEqual(expect.objectContaining({ type: "invocation", status: "out-of-memory" }));
});

test("a flood of output arrives whole and in order before REPORT", async () => {
  const name = await running.addFunction("faults", { FunctionName: "flood" });
  await running.invoke(name, { fault: "flood-output", lines: 20_000, length: 200 });
  await until(() => reports("/aws/lambda/flood").length === 1);
  const lines = running.lines.filter(([group]) => group === "/aws/lambda/flood").map(([, line]) => line);
  const written = lines.flatMap((line) => /INFO\t(\d+) x+$/.exec(line)?.[1] ?? []);
  expect(written).toEqual(Array.from({ length: 20_000 }, (_, index) => String(index)));
  expect(lines.at(-1)).toMatch(/^REPORT/);
});

test("a line without end is cut into log events of at most 256 KiB", async () => {
  const name = await running.addFunction("faults", { FunctionName: "long" });
  await running.invoke(name, { fault: "long-line", bytes: 600_000 });
  await until(() => running.lines.filter(([, line]) => line.startsWith("yyy")).length >= 2);
  await running.invoke(name, { fault: "exit" });
  const pieces = running.lines.flatMap(([, line]) => (line.startsWith("yyy") ? [line.length] : []));
  expect(pieces).toEqual([262_144, 262_144, 75_712]);
});

test("answers over 6 MB fail, others do not", async () => {
  const name = await running.addFunction("faults");
  const small = await running.invoke(name, { fault: "large-answer", bytes: 6_291_554 });
  expect(small.text).toHaveLength(6_291_556);
  const large = await running.invoke(name, { fault: "large-answer", bytes: 6_291_555 });
  expect(large.json).toEqual({
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
  });
  await expect(running.invoke(name, "x".repeat(6 * 1024 * 1024))).rejects.toMatchObject({ status: 413 });
});

test.each([
  ["broken-init", /this module cannot be loaded/, "Runtime.UserCodeSyntaxError"],
  ["missing-module", /Cannot find module 'missing-module'/, "Runtime.ImportModuleError"],
  ["echo.nothing", /echo\.nothing is undefined or not exported/, "Runtime.HandlerNotFound"],
  ["../echo.handler", /is not a valid handler name/, "Runtime.MalformedHandlerName"],
  [
    "faults.handlerWithCallback",
    /removed support for callback-based function handlers/,
    "Runtime.CallbackHandlerDeprecated",
  ],
])("init that fails (%s) is tried again in the invocation, then answers", async (handler, message, errorType) => {
  const FunctionName = `init-${handler.replaceAll(/\W/g, "-")}`;
  const name = await running.addFunction(handler, { FunctionName });
  const answer = await running.invoke(name, {});
  expect(answer.functionError).toBe("Unhandled");
  expect(answer.json).toMatchObject({ errorType, errorMessage: expect.stringMatching(message) });
  const group = `/aws/lambda/${FunctionName}`;
  await until(() => reports(group).length === 1);
  const inits = running.lines.flatMap(([name, line]) =>
    name === group && line.startsWith("INIT_REPORT") ? [line] : [],
  );
  expect(inits).toHaveLength(2);
  expect(inits[0]).toContain(`Phase: init\tStatus: error\tError Type: ${errorType}`);
  expect(inits[1]).toContain(`Phase: invoke\tStatus: error\tError Type: ${errorType}`);
});

test("a process that ends during init answers Runtime.ExitError", async () => {
  const name = await running.addFunction("exits-at-init");
  const answer = await running.invoke(name, {});
  expect(answer.json.errorType).toBe("Runtime.ExitError");
  expect(answer.json.errorMessage).toMatch(/Runtime exited with error: exit status 3$/);
});
