/** Where requests end up when targets fail, are slow, or may not see the data. */
import { FarthingError } from "../../../core/errors.ts";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import type { InferenceRequest, InferenceResult } from "../../../core/protocols/spec/inference.ts";
import { GREEDY } from "../../../core/protocols/spec/sampling.ts";
import { BREAKER_LIMITS } from "../../../core/routing/circuit-breaker.ts";
import { routedAnswer } from "../../../core/routing/routed-answer.ts";
import { explained } from "../../../core/serving/attempt.ts";
import type { InferenceContext, Target } from "../../../core/serving/target.ts";
import type { Journal, Work } from "../../../core/serving/work.ts";
import { digestOf, fakeClock, modelOf, versionOf } from "../serving/world.ts";

const USAGE = { inputTokens: 1, outputTokens: 0, inferenceMillis: 1 };
const RESULT: InferenceResult = { type: "tensors", outputs: [], usage: USAGE };
const TENSORS: InferenceRequest = { type: "tensors", inputs: [] };
const down = () => new FarthingError("dependency_unavailable", "down");
type Infer = (context: InferenceContext) => Promise<InferenceResult>;

function targetOf(name: string, infer: Infer, rest: Partial<Target> = {}) {
  const calls: InferenceContext[] = [];
  const target: Target = {
    kind: "http",
    name,
    onPremises: false,
    hasCopies: false,
    infer: (_, __, ___, context) => {
      calls.push(context);
      return infer(context);
    },
    ready: async () => {},
    ...rest,
  };
  return { target, calls };
}

const answers: Infer = async () => RESULT;
const fails =
  (error = down()): Infer =>
  async () => {
    throw error;
  };

function world(targets: readonly Target[], standIns: readonly number[] = []) {
  const time = fakeClock();
  const [version, model] = [versionOf(digestOf("a")), modelOf({ name: "m" })];
  const small = modelOf({ name: "small" });
  const candidates = targets.map((target, index) => ({
    target,
    version,
    model: standIns.includes(index) ? small : model,
    standsIn: standIns.includes(index),
  }));
  const answer = routedAnswer({ candidates: () => candidates, clock: time.clock });
  async function ask(
    overrides: { dataClass?: "open" | "restricted"; request?: InferenceRequest; signal?: AbortSignal } = {},
  ) {
    const journal: Journal = { target: "none" };
    const { dataClass = "open", request = TENSORS, signal } = overrides;
    const context = { requestId: "r", deadlineMillis: time.clock.epochMillis() + 60_000, ...(signal && { signal }) };
    const work = { caller: { dataClass }, model, version, request, headers: {}, context, journal } as unknown as Work;
    const outcome = await answer(work).then(
      (result) => ({ result, error: undefined }),
      (error: FarthingError) => ({ result: undefined, error }),
    );
    return { ...outcome, journal, story: explained(journal.attempts ?? []) };
  }
  return { ask, time };
}

test("the next one answers where the first one cannot, and the stand-in is named", async () => {
  const { ask } = world([targetOf("a", fails()).target, targetOf("b", answers, { kind: "endpoint" }).target], [1]);
  const { result, journal, story } = await ask();
  expect(result).toBe(RESULT);
  expect(story).toBe("a=dependency_unavailable, b(small)=answered");
  expect(journal).toMatchObject({ target: "endpoint", answeredBy: { model: { name: "small" }, standsIn: true } });
});

test("a fault of the caller's ends the search", async () => {
  const second = targetOf("b", answers);
  const { ask } = world([targetOf("a", fails(new FarthingError("invalid_field", "no"))).target, second.target]);
  expect((await ask()).error).toMatchObject({ code: "invalid_field" });
  expect(second.calls).toEqual([]);
});

test("all fail: the last failure is told", async () => {
  const { ask } = world([
    targetOf("a", fails()).target,
    targetOf("b", fails(new FarthingError("overloaded", "full"))).target,
  ]);
  expect((await ask()).error).toMatchObject({ code: "overloaded" });
});

test("a target with copies is asked once more, as far as the budget for that goes", async () => {
  const flaky = targetOf("a", fails(), { hasCopies: true });
  const { ask, time } = world([flaky.target]);
  for (let i = 0; i < 40; i++) {
    await ask();
    time.pass(BREAKER_LIMITS.longestOpenMillis);
  }
  const retries = flaky.calls.length - 40;
  expect(retries).toBeGreaterThanOrEqual(5);
  expect(retries).toBeLessThanOrEqual(5 + 4);
});

test("a target that mostly fails is given a rest, then tried by one request", async () => {
  let isUp = false;
  const first = targetOf("a", () => (isUp ? answers : fails())({} as InferenceContext));
  const { ask, time } = world([first.target, targetOf("b", answers).target]);
  for (let i = 0; i < BREAKER_LIMITS.fewestOutcomes; i++) await ask();
  expect((await ask()).story).toBe("a=skipped, b=answered");
  isUp = true;
  time.pass(BREAKER_LIMITS.openForMillis);
  expect((await ask()).story).toBe("a=answered");
  const alone = world([targetOf("a", fails()).target]);
  for (let i = 0; i < BREAKER_LIMITS.fewestOutcomes; i++) await alone.ask();
  expect((await alone.ask()).error).toMatchObject({ code: "dependency_unavailable", retryAfterSeconds: 2 });
});

test("bad requests and full queues are not held against a target", async () => {
  for (const code of ["invalid_field", "overloaded"] as const) {
    const { ask } = world([targetOf("a", fails(new FarthingError(code, "no"))).target]);
    for (let i = 0; i < 20; i++) expect((await ask()).error).toMatchObject({ code });
  }
});

test("restricted data goes to targets on premises only, or nowhere", async () => {
  const cloud = targetOf("cloud", answers);
  const both = world([cloud.target, targetOf("rack", answers, { onPremises: true }).target]);
  expect((await both.ask({ dataClass: "restricted" })).story).toBe("rack=answered");
  expect((await world([cloud.target]).ask({ dataClass: "restricted" })).error).toMatchObject({ code: "not_allowed" });
  expect(cloud.calls).toEqual([]);
});

const CHAT: InferenceRequest = {
  type: "generation",
  prompts: [{ type: "chat", messages: [{ role: "user", content: "Hi" }] }],
  choices: 1,
  sampling: GREEDY,
  stop: [],
};
const TOOLS = { tools: { tools: [{ name: "f" }], choice: "auto" } } as const;

test("a stand-in that cannot call tools is no answer to a request with tools", async () => {
  const targets = [targetOf("a", fails()).target, targetOf("f", answers, { kind: "function" }).target];
  const { ask } = world(targets, [1]);
  expect((await ask({ request: { ...CHAT, engine: TOOLS } })).error).toMatchObject({ code: "dependency_unavailable" });
  expect((await ask({ request: CHAT })).story).toBe("a=dependency_unavailable, f(small)=answered");
  const alone = world([targetOf("f", answers, { kind: "function" }).target]);
  expect((await alone.ask({ request: { ...CHAT, engine: TOOLS } })).error).toMatchObject({ field: "tools" });
});

test("a stream that fails before its first event is as good as none; later it is the caller's to see", async () => {
  async function* events(before: number): AsyncGenerator<GenerationEvent> {
    if (before > 0) yield { type: "start", inputTokens: 1 };
    throw down();
  }
  const streaming =
    (before: number): Infer =>
    async () => ({ type: "generation", events: events(before) });
  const early = world([targetOf("a", streaming(0)).target, targetOf("b", streaming(1)).target]);
  const { result, story } = await early.ask({ request: CHAT });
  expect(story).toBe("a=dependency_unavailable, b=answered");
  await expect(async () => {
    if (result?.type === "generation") for await (const _ of result.events);
  }).rejects.toThrow("down");
});

const next = () => new Promise((resolve) => setImmediate(resolve));

test("a slow one is helped by a second, and told to stop; no more often than the budget allows", async () => {
  let isSlow = false;
  const slow = targetOf(
    "a",
    ({ signal }) =>
      isSlow
        ? new Promise((_, reject) =>
            signal?.addEventListener("abort", () => reject(new FarthingError("cancelled", "stopped"))),
          )
        : answers({} as InferenceContext),
    { hasCopies: true },
  );
  const { ask, time } = world([slow.target, targetOf("b", answers).target]);
  for (let i = 0; i < 32; i++) await ask();
  isSlow = true;
  for (let i = 0; i < 2; i++) {
    const asked = ask();
    await next();
    time.pass(1);
    const { story } = await asked;
    expect(story).toMatch(/^b=answered/);
    await next();
  }
  expect(slow.calls.at(-1)?.signal?.aborted).toBe(true);
  const controller = new AbortController();
  const third = ask({ signal: controller.signal });
  await next();
  time.pass(1);
  await next();
  controller.abort();
  expect((await third).error).toMatchObject({ code: "cancelled" });
});
