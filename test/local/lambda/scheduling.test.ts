import { type RunningLambda, startLambda } from "./running-lambda.ts";
import { isAlive, pause, until } from "./waiting.ts";

let running: RunningLambda | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const starts = (from: RunningLambda) => from.lines.filter(([, line]) => line.startsWith("INIT_START")).length;

test("a hundred clients share four environments, and all are answered", async () => {
  running = await startLambda({ concurrency: 4, parallelStarts: 2 });
  const name = await running.addFunction("echo");
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => running?.invoke(name, { index })));
  expect(answers.map((answer) => answer?.json.event.index)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(new Set(answers.map((answer) => answer?.json.pid)).size).toBeLessThanOrEqual(4);
  expect(starts(running)).toBeLessThanOrEqual(4);
});

test("two functions under load get their share, and neither starves", async () => {
  running = await startLambda({ concurrency: 2, parallelStarts: 1 });
  const names = [await running.addFunction("echo"), await running.addFunction("echo")];
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => running?.invoke(names[index % 2] ?? "", {})),
  );
  expect(new Set(answers.map((answer) => answer?.json.context.functionName))).toEqual(new Set(names));
});

test("a full queue and a wait that is too long are throttled", async () => {
  running = await startLambda({ concurrency: 1, maxQueuedRequests: 2, maxQueueMillis: 1000 });
  const name = await running.addFunction("faults");
  await running.invoke(name, { fault: "none" });
  const slow = running.invoke(name, { fault: "none", sleepMillis: 1500 });
  await pause(20);
  const queued = Promise.allSettled([running.invoke(name, { fault: "none" }), running.invoke(name, { fault: "none" })]);
  const throttled = {
    status: 429,
    code: "TooManyRequestsException",
    details: { Reason: "ConcurrentInvocationLimitExceeded" },
  };
  await expect(running.invoke(name, { fault: "none" })).rejects.toMatchObject(throttled);
  for (const waited of await queued) expect(waited).toMatchObject({ status: "rejected", reason: throttled });
  expect((await slow).functionError).toBeUndefined();
  expect((await running.invoke(name, { fault: "none" })).functionError).toBeUndefined();
});

test("reserved concurrency throttles at once; zero turns a function off", async () => {
  running = await startLambda();
  const one = await running.addFunction("faults", { ReservedConcurrentExecutions: 1 });
  const first = running.invoke(one, { fault: "none", sleepMillis: 100 });
  const reason = { status: 429, details: { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" } };
  await expect(running.invoke(one, { fault: "none" })).rejects.toMatchObject(reason);
  await first;
  await pause(30);
  expect((await running.invoke(one, { fault: "none" })).functionError).toBeUndefined();
  const off = await running.addFunction("faults", { ReservedConcurrentExecutions: 0 });
  await expect(running.invoke(off, { fault: "none" })).rejects.toMatchObject(reason);
});

test("an environment that is idle for long is removed, with its process and its folder", async () => {
  running = await startLambda({ idleMillis: 50 });
  const name = await running.addFunction("echo");
  const { pid } = (await running.invoke(name, {})).json;
  await until(() => !isAlive(pid));
  expect((await running.invoke(name, {})).json.pid).not.toBe(pid);
});

test("stop leaves no process behind, whether it works or is frozen", async () => {
  running = await startLambda();
  const idle = await running.addFunction("faults");
  const busy = await running.addFunction("faults", { FunctionName: "busy" });
  const pids = [
    (await running.invoke(idle, { fault: "none" })).json.pid,
    (await running.invoke(busy, { fault: "none" })).json.pid,
  ];
  const interrupted = running.invoke(busy, { fault: "never-answer" });
  await pause(50);
  await running.stop();
  expect((await interrupted).json.errorType).toBe("Runtime.ExitError");
  expect(pids.map(isAlive)).toEqual([false, false]);
  running = undefined;
});
