/** What is answered from where, for whom, and what it costs when the store fails. */

import type { AnswerStore } from "../../../core/caching/answer-store.ts";
import { CLAIMING_MILLIS, LOOKUP_MILLIS } from "../../../core/caching/bounded-store.ts";
import { CLAIM_MILLIS } from "../../../core/caching/claim.ts";
import { FarthingError } from "../../../core/errors.ts";
import type { Answer } from "../../../core/serving/work.ts";
import { digestOf, modelOf, versionOf } from "../serving/world.ts";
import { type Ask, cacheWorld, embeddings, generation, outcomeOf, slowModel, textOf, workOf } from "./cache-world.ts";

const HELLO: Ask = { request: generation("hello") };
const VECTOR: Ask = { request: embeddings("hello") };

function alone(inner?: (world: ReturnType<typeof cacheWorld>) => Answer) {
  const world = cacheWorld();
  const model = slowModel(world.time);
  const answer = world.process(inner?.(world) ?? model.answer);
  const start = (ask: Ask, by = answer) => outcomeOf(by, workOf(ask, world.time));
  async function ask(question: Ask, by = answer) {
    const outcome = start(question, by);
    await world.time.pass(1_000);
    return outcome;
  }
  return { ...world, model, answer, start, ask };
}

test.each([
  ["a stream", HELLO],
  ["a whole result", VECTOR],
])("%s: the second time it is a hit, and the very same", async (_, question) => {
  const { ask, model } = alone();
  const first = await ask(question);
  const second = await ask(question);
  expect([first.journal.cache, second.journal.cache]).toEqual(["miss", "hit"]);
  expect(second.events).toEqual(first.events);
  if (question === VECTOR) expect(second.result).toEqual(first.result);
  expect(model.calls).toHaveLength(1);
});

test("another process finds it in the store", async () => {
  const { ask, process, model, time } = alone();
  const first = await ask(HELLO);
  const other = process(model.answer);
  const second = await ask(HELLO, other);
  expect(second).toMatchObject({ journal: { cache: "hit" }, events: first.events });
  expect(time.clock.epochMillis()).toBeGreaterThan(0);
  expect(model.calls).toHaveLength(1);
});

test("it is gone with its time to live, with a publish, and for whoever wants a younger one", async () => {
  const { ask, time } = alone();
  await ask(VECTOR);
  await time.pass(10);
  expect((await ask({ ...VECTOR, headers: { "cache-control": "max-age=1" } })).journal.cache).toBe("miss");
  expect((await ask({ ...VECTOR, headers: { "cache-control": "max-age=30" } })).journal.cache).toBe("hit");
  expect((await ask({ ...VECTOR, digest: digestOf("b") })).journal.cache).toBe("miss");
  await time.pass(60_000);
  expect((await ask(VECTOR)).journal.cache).toBe("miss");
});

test("no-cache makes it anew and keeps that; no-store and bypass leave no trace", async () => {
  const { ask } = alone();
  for (const headers of [{ "cache-control": "private, No-Store" }, { "x-farthing-cache": "bypass" }]) {
    expect((await ask({ ...VECTOR, headers })).journal.cache).toBe("bypass");
  }
  expect((await ask(VECTOR)).journal.cache).toBe("miss");
  const renewed = await ask({ ...VECTOR, headers: { "cache-control": "no-cache" } });
  expect(renewed.journal.cache).toBe("bypass");
  expect(await ask(VECTOR)).toMatchObject({ journal: { cache: "hit" }, result: renewed.result });
});

test("an unknown wish is refused by name", async () => {
  const { error } = await alone().ask({ ...VECTOR, headers: { "x-farthing-cache": "please" } });
  expect(error).toMatchObject({ code: "invalid_field", field: "x-farthing-cache" });
});

test("what may differ the next time is kept only where the caller says so", async () => {
  const { ask } = alone();
  const request = generation("dice", { sampling: { ...generation("").sampling, temperature: 1 } });
  expect((await ask({ request })).journal.cache).toBe("bypass");
  const headers = { "x-farthing-cache": "force" };
  expect((await ask({ request, headers })).journal.cache).toBe("miss");
  expect((await ask({ request, headers })).journal.cache).toBe("hit");
  expect((await ask({ request })).journal.cache).toBe("bypass");
});

test("a card without a cache: nothing is looked up, nothing is said", async () => {
  const { ask, model } = alone();
  const twice = [await ask({ ...VECTOR, rule: undefined }), await ask({ ...VECTOR, rule: undefined })];
  expect(twice.map(({ journal }) => journal.cache)).toEqual([undefined, undefined]);
  expect(model.calls).toHaveLength(2);
});

test("tenants share nothing, unless the card says so; restricted data is never shared", async () => {
  const { ask } = alone();
  await ask(VECTOR);
  expect((await ask({ ...VECTOR, tenant: "other" })).journal.cache).toBe("miss");
  const shared: Ask = { ...VECTOR, rule: { ttlSeconds: 60, scope: "shared" } };
  expect((await ask(shared)).journal.cache).toBe("miss");
  expect((await ask({ ...shared, tenant: "other" })).journal.cache).toBe("hit");
  expect((await ask({ ...shared, dataClass: "restricted" })).journal.cache).toBe("miss");
});

test("a tenant that is called as a deleted one was finds nothing of it, in memory or elsewhere", async () => {
  const { ask, process, model } = alone();
  await ask({ ...VECTOR, answerScope: "first" });
  expect((await ask({ ...VECTOR, answerScope: "first" }, process(model.answer))).journal.cache).toBe("hit");
  expect((await ask({ ...VECTOR, answerScope: "second" })).journal.cache).toBe("miss");
  expect((await ask({ ...VECTOR, answerScope: "third" }, process(model.answer))).journal.cache).toBe("miss");
});

test("restricted data stays in the process", async () => {
  const { ask, process, model } = alone();
  const question: Ask = { ...VECTOR, dataClass: "restricted" };
  await ask(question);
  expect((await ask(question)).journal.cache).toBe("hit");
  expect((await ask(question, process(model.answer))).journal.cache).toBe("miss");
});

test("an answer that is too large is not kept", async () => {
  const { ask } = alone();
  const question: Ask = { ...VECTOR, rule: { ttlSeconds: 60, maxBytes: 50 } };
  await ask(question);
  expect((await ask(question)).journal.cache).toBe("miss");
});

test("many at once, in several processes: one call, and everyone the same answer", async () => {
  for (const question of [HELLO, VECTOR]) {
    const { start, process, model, time } = alone();
    const processes = Array.from({ length: 4 }, () => process(model.answer));
    const pending = Array.from({ length: 40 }, (_, index) => start(question, processes[index % 4]));
    await time.pass(2_000);
    const outcomes = await Promise.all(pending);
    expect(model.calls).toHaveLength(1);
    expect(outcomes.filter(({ journal }) => journal.cache === "miss")).toHaveLength(1);
    expect(outcomes.filter(({ journal }) => journal.cache === "coalesced")).toHaveLength(39);
    for (const { events, result } of outcomes) {
      expect(events).toEqual(outcomes[0]?.events);
      if (question === VECTOR) expect(result).toEqual(outcomes[0]?.result);
    }
  }
});

test("who comes late to a stream gets its beginning at once, in the same process and in another", async () => {
  const { start, process, model, time, answer } = alone();
  void start(HELLO);
  await time.pass(15);
  for (const late of [answer, process(model.answer)]) {
    const seen: string[] = [];
    const result = await Promise.race([
      late(workOf(HELLO, time)),
      (async () => {
        for (let i = 0; i < 3; i++) await time.pass(1);
        return undefined;
      })(),
    ]);
    if (result?.type !== "generation") throw new Error("no stream yet");
    const iterator = result.events[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) seen.push((await iterator.next()).value.type);
    expect(seen).toEqual(["start", "text-start", "text-delta"]);
  }
});

test("a failure is told to everybody who waited, and kept for nobody", async () => {
  let fails = true;
  const { start, ask, time } = alone(({ time: { clock } }) => async (work) => {
    await new Promise<void>((resolve) => void clock.after(5, resolve));
    if (fails) throw new FarthingError("dependency_unavailable", "down");
    return slowModel({ clock, pass: async () => {} }).answer(work);
  });
  const pending = [start(VECTOR), start(VECTOR)];
  await time.pass(100);
  for (const { error } of await Promise.all(pending)) expect(error).toMatchObject({ code: "dependency_unavailable" });
  fails = false;
  expect(await ask(VECTOR)).toMatchObject({ error: undefined, journal: { cache: "miss" } });
});

test("a stream that breaks is not kept", async () => {
  const { ask } = alone(() => async () => ({
    type: "generation",
    events: (async function* () {
      yield { type: "start" as const, inputTokens: 1 };
      throw new FarthingError("dependency_unavailable", "broke");
    })(),
  }));
  for (let i = 0; i < 2; i++) {
    expect(await ask(HELLO)).toMatchObject({ journal: { cache: "miss" }, error: { code: "dependency_unavailable" } });
  }
});

test("a stand-in's answer is for those who waited, with its name, and kept for nobody", async () => {
  const standIn = { model: modelOf({ name: "small" }), version: versionOf(digestOf("c")), standsIn: true };
  const { start, ask, time } = alone(({ time }) => {
    const model = slowModel(time);
    return async (work) => {
      work.journal.answeredBy = standIn;
      return model.answer(work);
    };
  });
  const pending = [start(VECTOR), start(VECTOR)];
  await time.pass(100);
  for (const { journal } of await Promise.all(pending)) expect(journal.answeredBy).toBe(standIn);
  expect((await ask(VECTOR)).journal.cache).toBe("miss");
});

test("a process dies while it makes a stream: who reads it elsewhere gets all of it, made again from where it stopped", async () => {
  const { start, process, time, store, model } = alone();
  let dead = false;
  const gone = new Promise<never>(() => {});
  const dying: AnswerStore = {
    ...store,
    extend: (...rest) => (dead ? gone : store.extend(...rest)),
    put: (...rest) => (dead ? gone : store.put(...rest)),
    release: (...rest) => (dead ? gone : store.release(...rest)),
    frames: { ...store.frames, append: (...rest) => (dead ? gone : store.frames.append(...rest)) },
  };
  const stuck = slowModel(time, 10_000);
  void start(HELLO, process(stuck.answer, dying));
  await time.pass(10_500);
  const follower = start(HELLO, process(model.answer));
  await time.pass(500);
  dead = true;
  await time.pass(CLAIM_MILLIS + 2_000);
  const { journal, events, error } = await follower;
  expect(error).toBeUndefined();
  expect(journal.cache).toBe("coalesced");
  expect(textOf(events)).toBe("one two for acme");
  expect(events.filter(({ type }) => type === "start")).toHaveLength(1);
});

test("the first of several callers leaves: the others get their answer", async () => {
  const { answer, time, model } = alone();
  const first = await answer(workOf(HELLO, time));
  const second = await answer(workOf(HELLO, time));
  if (first.type !== "generation" || second.type !== "generation") throw new Error("no streams");
  const leaving = first.events[Symbol.asyncIterator]();
  await leaving.next();
  const reading = (async () => {
    const events = [];
    for await (const event of second.events) events.push(event);
    return events;
  })();
  await leaving.return?.();
  await time.pass(1_000);
  expect(textOf(await reading)).toBe("one two for acme");
  expect(model.calls).toHaveLength(1);
});

test("when the last one leaves, the model is told", async () => {
  const { answer, time, model } = alone();
  const only = await answer(workOf(HELLO, time));
  if (only.type !== "generation") throw new Error("no stream");
  const iterator = only.events[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.return?.();
  expect(model.calls[0]?.context.signal?.aborted).toBe(true);
});

describe("a store that fails", () => {
  const never = new Promise<never>(() => {});
  const refuses = async (): Promise<never> => {
    throw new Error("down");
  };
  const every = (method: () => Promise<never>): AnswerStore => ({
    isOpen: () => true,
    get: method,
    put: method,
    claim: method,
    holder: method,
    extend: method,
    release: method,
    frames: { append: method, end: method, read: method, remove: method },
  });

  test.each([
    ["silent", every(() => never)],
    ["refusing", every(refuses)],
  ])("%s: a miss, at most 15 ms later, and soon it is not asked any more", async (_, store) => {
    const { process, time, model } = alone();
    const answer = process(model.answer, store, { memoryBytes: 1 });
    for (let i = 0; i < 8; i++) {
      const began = time.clock.epochMillis();
      const called = model.calls.length;
      const outcome = outcomeOf(answer, workOf(VECTOR, time));
      while (model.calls.length === called) await time.pass(1);
      expect(time.clock.epochMillis() - began).toBeLessThanOrEqual(i < 5 ? LOOKUP_MILLIS + CLAIMING_MILLIS + 1 : 1);
      await time.pass(20);
      expect(await outcome).toMatchObject({ journal: { cache: "miss" }, error: undefined });
    }
  });

  test("garbage, another's answer, or a part of one: misses", async () => {
    const { ask, process, model, store, time } = alone();
    await ask(VECTOR);
    const other: Ask = { request: embeddings("other") };
    await ask(other);
    const names: string[] = [];
    const spy: AnswerStore = {
      ...store,
      async get(name) {
        names.push(name);
        return store.get(name);
      },
    };
    const reader = () => process(model.answer, spy);
    for (const question of [VECTOR, other]) await ask(question, reader());
    const [first, second] = names as [string, string];
    const whole = (await store.get(first)) as Uint8Array;
    const flipped = Uint8Array.from(whole);
    flipped[60] = (flipped[60] as number) ^ 1;
    for (const poison of [
      Buffer.from("garbage"),
      Buffer.alloc(500),
      whole.subarray(0, whole.length - 1),
      flipped,
      (await store.get(second)) as Uint8Array,
    ]) {
      await store.put(first, poison, 60_000);
      expect((await ask(VECTOR, reader())).journal.cache).toBe("miss");
    }
    expect(time.clock.epochMillis()).toBeGreaterThan(0);
  });

  test("one that is not open yet is not asked, and opened by what is kept", async () => {
    const { ask, process, model, store } = alone();
    let isOpen = false;
    const lazy: AnswerStore = {
      ...store,
      isOpen: () => isOpen,
      get: (name) => (isOpen ? store.get(name) : refuses()),
      put(...rest) {
        isOpen = true;
        return store.put(...rest);
      },
    };
    const answer = process(model.answer, lazy, { memoryBytes: 1 });
    expect((await ask(VECTOR, answer)).journal.cache).toBe("miss");
    expect((await ask(VECTOR, answer)).journal.cache).toBe("hit");
  });
});
