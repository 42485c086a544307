/** Requests with an Idempotency-Key on their way through the API: what a repeat gets, and what is charged. */
import { FarthingError } from "../../../core/errors.ts";
import type { OnceStore } from "../../../core/idempotency/once-record.ts";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import { onceWorld, read, reading, slept } from "./once-world.ts";

const WORDS = ["once ", "upon ", "a ", "time "];
type World = ReturnType<typeof onceWorld>;

/** A word each second. */
function telling(frames = true, afterMillis = 1_000): World {
  const world: World = onceWorld({
    frames,
    async *model(): AsyncGenerator<GenerationEvent> {
      yield { type: "start", inputTokens: 2 };
      yield { type: "text-start", choice: 0 };
      for (const text of WORDS) {
        await slept(afterMillis, world.clock.after);
        yield { type: "text-delta", choice: 0, text, outputTokens: 1 };
      }
      yield { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 };
      yield { type: "finish", usage: { inputTokens: 2, outputTokens: WORDS.length, inferenceMillis: 1 } };
    },
  });
  return world;
}

/** The outcome, once enough time has passed for it. */
async function done<T>(world: World, work: Promise<T>, millis = 60_000): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  work.then(over, over);
  await world.time.pass(0);
  for (let passed = 0; !isOver && passed < millis; passed += 100) await world.time.pass(100);
  return work;
}

const STREAM = { stream: true };

test("a repeat gets the recorded answer, at no price, and says so", async () => {
  const world = telling(true, 10);
  const first = await done(world, world.process().ask());
  const again = await world.process().ask();
  expect(again.body.toString()).toBe(first.body.toString());
  expect(again).toMatchObject({
    status: 200,
    headers: {
      "content-type": "application/json",
      "x-farthing-idempotent-replay": "true",
      "x-request-id": "r2",
      "x-farthing-original-request-id": "r1",
      "x-farthing-price-usd": "0",
    },
  });
  expect(first.headers).not.toHaveProperty("x-farthing-idempotent-replay");
  expect(world.starts()).toBe(1);
  expect(world.lines).toMatchObject([
    { requestId: "r1", priceUsd: 0.004, outputTokens: 4 },
    { requestId: "r2", priceUsd: 0, outputTokens: 0, replay: true, status: 200 },
  ]);
  expect(world.lines[0]).not.toHaveProperty("replay");
});

test("a key is of its tenant, and of its day", async () => {
  const world = telling(true, 10);
  await done(world, world.process().ask());
  await done(world, world.process().ask({ tenant: "other" }));
  expect(world.starts()).toBe(2);
  await world.time.pass(24 * 3_600_000);
  await done(world, world.process().ask());
  expect(world.starts()).toBe(3);
});

test("another body under the same key is refused, while it runs and later; nothing runs", async () => {
  const world = telling();
  const first = world.process().ask();
  await world.time.pass(500);
  for (const when of ["running", "done"]) {
    const other = await world.process().ask({ fields: { temperature: 1 } });
    expect([when, other.status, JSON.parse(String(other.body)).error.code]).toEqual([
      when,
      422,
      "idempotency_key_reused",
    ]);
    await done(world, first);
  }
  expect(world.starts()).toBe(1);
});

test.each(["", "a".repeat(256), "naïve", "a\u0007"])("%j is no key", async (key) => {
  const world = telling();
  const refused = await world.process().ask({ key });
  expect(refused.status).toBe(400);
  expect(JSON.parse(String(refused.body)).error).toMatchObject({ code: "invalid_field", param: "Idempotency-Key" });
  expect(world.starts()).toBe(0);
});

test("the longest key is one", async () => {
  const world = telling(true, 10);
  expect((await done(world, world.process().ask({ key: "~ ".repeat(127) }))).status).toBe(200);
});

test("what is refused before it runs leaves the key free", async () => {
  const world = telling(true, 10);
  const refused = await world.process().ask({ fields: { temperature: -1 } });
  expect(refused.status).toBe(400);
  const late = await world.process().ask({ fields: { model: "unknown", messages: [] } });
  expect(late.status).toBeGreaterThanOrEqual(400);
  expect((await done(world, world.process().ask())).status).toBe(200);
});

test("a repeat of a whole answer waits for it, with its own patience", async () => {
  const world = telling();
  const first = world.process().ask();
  await world.time.pass(1_500);
  const repeat = world.process().ask();
  const impatient = world.process().ask({ waitMillis: 700 });
  const [one, two, three] = await done(world, Promise.all([first, repeat, impatient]));
  expect(String(two.body)).toBe(String(one.body));
  expect(three.status).toBe(504);
  expect(world.starts()).toBe(1);
  expect(world.lines.filter(({ priceUsd }) => priceUsd > 0)).toHaveLength(1);
});

test.each([true, false])("a repeat of a running stream gets all of it (read along: %s)", async (frames) => {
  const world = telling(frames);
  const first = reading(await done(world, world.process().ask({ fields: STREAM })));
  await world.time.pass(1_100);
  const asked = world.process().ask({ fields: STREAM });
  const repeat = reading(await done(world, asked, frames ? 1_000 : 60_000));
  if (frames) expect(read(repeat.text()).done).toBe(false);
  await done(world, repeat.ended);
  await done(world, first.ended);
  expect(repeat.text()).toBe(first.text());
  expect(read(repeat.text())).toEqual({ words: WORDS.join(""), error: undefined, done: true });
  expect(world.starts()).toBe(1);
  expect(world.lines.filter(({ priceUsd }) => priceUsd > 0)).toHaveLength(1);
});

test("a stream whose reader leaves is made to its end, and charged once", async () => {
  const world = telling();
  const first = await done(world, world.process().ask({ fields: STREAM }));
  const chunks = (first.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.return?.();
  await world.time.pass(10_000);
  const repeat = await world.process().ask({ fields: STREAM });
  expect(read(await reading(repeat).ended)).toEqual({ words: WORDS.join(""), error: undefined, done: true });
  expect(world.lines.filter(({ priceUsd }) => priceUsd > 0)).toMatchObject([{ outputTokens: 4, priceUsd: 0.004 }]);
});

test("a process that dies in a stream: what it delivered, then `interrupted`, charged for that", async () => {
  const world = telling();
  let alive = true;
  const first = reading(await done(world, world.process(() => alive).ask({ fields: STREAM })));
  await world.time.pass(2_200);
  alive = false;
  const delivered = read(first.text()).words;
  const repeat = reading(await done(world, world.process().ask({ fields: STREAM })));
  await done(world, repeat.ended);
  expect(delivered).toBe("once upon ");
  expect(read(repeat.text())).toEqual({ words: delivered, error: "interrupted", done: false });
  expect(world.lines).toMatchObject([
    { requestId: "r1", error: "interrupted", delivered: true, outputTokens: 2, priceUsd: 0.002 },
    { requestId: "r2", replay: true, priceUsd: 0 },
  ]);
  const later = await world.process().ask({ fields: STREAM });
  expect(read(await reading(later).ended)).toEqual({ words: delivered, error: "interrupted", done: false });
  expect(world.lines).toHaveLength(3);
  expect(world.starts()).toBe(1);
});

test("a process that dies with a whole answer: `interrupted`, and nothing is charged", async () => {
  const world = telling();
  let alive = true;
  void world.process(() => alive).ask();
  await world.time.pass(1_500);
  alive = false;
  const repeat = reading(await done(world, world.process().ask()));
  expect(JSON.parse((await done(world, repeat.ended)).trim()).error.code).toBe("interrupted");
  expect(world.lines.filter(({ priceUsd }) => priceUsd > 0)).toHaveLength(0);
  expect(world.starts()).toBe(1);
});

test("a failure of the model is the answer for everybody; one that asked for nothing of it leaves the key free", async () => {
  let failure = new FarthingError("internal", "broken");
  const world: World = onceWorld({
    async *model(): AsyncGenerator<GenerationEvent> {
      throw failure;
    },
  });
  expect((await done(world, world.process().ask())).status).toBe(500);
  const again = await world.process().ask();
  expect(again).toMatchObject({ status: 500, headers: { "x-should-retry": "false" } });
  expect(world.starts()).toBe(1);
  failure = new FarthingError("overloaded", "no place");
  expect((await done(world, world.process().ask({ key: "busy" }))).status).toBe(429);
  expect((await done(world, world.process().ask({ key: "busy" }))).status).toBe(429);
  expect(world.starts()).toBe(3);
});

test("without the records nothing runs", async () => {
  const world = telling();
  const down = (): Promise<never> => Promise.reject(new FarthingError("dependency_unavailable", "down"));
  const store: OnceStore = { read: down, create: down, replace: down };
  const refused = await done(world, world.process(() => true, store).ask());
  expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
  expect(world.starts()).toBe(0);
});

test("a write whose reply is lost was done all the same: it runs, once", async () => {
  const world = telling(true, 10);
  let lost = 1;
  const store: OnceStore = {
    ...world.records,
    async create(...rest) {
      await world.records.create(...rest);
      if (lost-- > 0) throw new FarthingError("dependency_unavailable", "no reply");
      return "refused";
    },
  };
  expect((await done(world, world.process(() => true, store).ask())).status).toBe(200);
  expect(world.starts()).toBe(1);
});
