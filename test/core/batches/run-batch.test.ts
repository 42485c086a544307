import fc from "fast-check";
import { BATCH_LIMITS } from "../../../core/batches/batch.ts";
import { FarthingError } from "../../../core/errors.ts";
import { createWorld, Died, lineOf, NOW, written } from "./batch-world.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `line-${index}`);

test("every line is answered, and what is wrong with one stands in the error file", async () => {
  const world = createWorld();
  world.reply = ({ id }) =>
    id === "b" ? { type: "error", error: new FarthingError("unknown_model", "No.") } : { type: "text", tokens: 3 };
  const { id } = await world.take([
    lineOf("a"),
    "",
    lineOf("b"),
    "{broken",
    { ...lineOf("c"), url: "/v1/embeddings" },
    lineOf("d", { stream: true }),
    { ...lineOf("e"), custom_id: 7 },
    { ...lineOf("f"), extra: 1 },
    lineOf("g"),
  ]);
  expect(world.batch(id)).toMatchObject({ status: "validating", lines: 0 });
  await world.run(id);
  const batch = world.batch(id);
  expect(batch).toMatchObject({ status: "completed", lines: 8, completed: 2, failed: 6, usage: { outputTokens: 6 } });
  expect(batch.run).toBeUndefined();
  expect(world.open.has(id)).toBe(false);
  const output = await world.text(batch.outputFile as string);
  expect(written(output).map(({ custom_id: name }) => name)).toEqual(["a", "g"]);
  // An answer is not read on its way to the file: long integers keep their digits.
  expect(output).toContain('"body":{"big":12345678901234567890,"tokens":3}');
  const failed = written(await world.text(batch.errorFile as string));
  const reasons = failed.map(
    ({ custom_id: name, response, error }) => `${name} ${response?.status_code ?? error?.code}`,
  );
  expect(reasons.sort()).toEqual([
    "b 404",
    "c invalid_field",
    "d invalid_field",
    "f unknown_field",
    "null invalid_field",
    "null invalid_json_line",
  ]);
  expect(failed.find(({ error }) => error?.code === "invalid_json_line")?.error?.message).toMatch(/^Line 4:/);
});

test("lines that share an id fail the batch before any of them is paid for", async () => {
  const world = createWorld();
  const { id } = await world.take([lineOf("a"), lineOf("b"), lineOf("a")]);
  await world.run(id);
  expect(world.batch(id)).toMatchObject({ status: "failed", problems: [{ code: "duplicate_custom_id", line: 3 }] });
  expect(world.requests).toEqual([]);
});

test("a process whose time is up hands on; the next one goes on where it was", async () => {
  const world = createWorld();
  const { id } = await world.take(ids(100).map((name) => lineOf(name)));
  world.reply = () => {
    world.nowMillis += 1_000;
    return { type: "text", tokens: 1 };
  };
  for (let run = 1; run <= 20 && world.batch(id).status !== "completed"; run++) await world.run(id, 30_000);
  expect(world.batch(id)).toMatchObject({ status: "completed", completed: 100 });
  expect(world.started.length).toBeGreaterThan(3);
  expect(world.requests.length).toBe(100);
});

test("a limit that is reached is waited for, and is no failure of the line", async () => {
  const world = createWorld();
  let refusals = 0;
  world.reply = () => {
    if (world.nowMillis >= NOW + 20_000) return { type: "text", tokens: 1 };
    refusals++;
    return { type: "error", error: new FarthingError("rate_limited", "Later.", { retryAfterSeconds: 2 }) };
  };
  const { id } = await world.take(ids(8).map((name) => lineOf(name)));
  await world.run(id);
  expect(world.batch(id)).toMatchObject({ status: "completed", completed: 8, failed: 0 });
  expect(refusals).toBeGreaterThan(BATCH_LIMITS.mostFailures);
});

test("a model that sleeps for longer is left to another process; a line that fails again and again is given up", async () => {
  const world = createWorld();
  world.reply = ({ id }) =>
    id === "slow" && world.nowMillis < NOW + 45_000
      ? { type: "error", error: new FarthingError("rate_limited", "Later.", { retryAfterSeconds: 50 }) }
      : id === "bad"
        ? { type: "error", error: new FarthingError("internal", "Broken.") }
        : { type: "text", tokens: 1 };
  const { id } = await world.take([lineOf("slow"), lineOf("bad"), lineOf("c")]);
  await world.run(id);
  expect(world.batch(id).status).toBe("in_progress");
  for (let run = 1; run <= 20 && world.batch(id).status !== "completed"; run++) {
    world.nowMillis = Math.max(world.nowMillis, world.open.get(id) ?? 0);
    await world.run(id);
  }
  expect(world.batch(id)).toMatchObject({ status: "completed", completed: 2, failed: 1 });
  expect(world.requests.filter(({ body }) => (body as { id: string }).id === "bad")).toHaveLength(
    BATCH_LIMITS.mostFailures + 1,
  );
});

test("a budget that is used up fails the lines that it does not cover", async () => {
  const world = createWorld();
  let paid = 0;
  world.reply = () =>
    paid++ < 5 ? { type: "text", tokens: 1 } : { type: "error", error: new FarthingError("budget_exceeded", "Spent.") };
  const { id } = await world.take(ids(20).map((name) => lineOf(name)));
  await world.run(id);
  expect(world.batch(id)).toMatchObject({ status: "completed", completed: 5, failed: 15 });
});

test("what is cancelled ends with what was answered until then", async () => {
  const world = createWorld();
  const { id } = await world.take(ids(60).map((name) => lineOf(name)));
  world.reply = () => {
    if (world.requests.length === 20) void world.batches.cancel("acme", id);
    return { type: "text", tokens: 1 };
  };
  await world.run(id);
  const batch = world.batch(id);
  expect(batch.status).toBe("cancelled");
  expect(batch.completed).toBeGreaterThan(0);
  expect(batch.completed).toBeLessThan(60);
  expect(written(await world.text(batch.outputFile as string))).toHaveLength(batch.completed);
  expect(await world.batches.cancel("acme", id)).toEqual(batch);
});

test("cancelled before anybody works on it; deleted input; another tenant", async () => {
  const world = createWorld();
  const first = await world.take([lineOf("a")]);
  await world.batches.cancel("acme", first.id);
  await world.run(first.id);
  expect(world.batch(first.id).status).toBe("cancelled");
  const second = await world.take([lineOf("a")]);
  await world.files.remove("acme", second.inputFile);
  await world.run(second.id);
  expect(world.batch(second.id)).toMatchObject({ status: "failed", problems: [{ code: "file_not_found" }] });
  await expect(world.batches.find("other", first.id)).rejects.toMatchObject({ code: "unknown_batch" });
  await expect(world.files.find("other", first.inputFile)).rejects.toMatchObject({ code: "unknown_file" });
});

test("a day later, lines that had no turn are in the error file", async () => {
  const world = createWorld();
  const { id } = await world.take(ids(40).map((name) => lineOf(name)));
  world.reply = () => {
    world.nowMillis += BATCH_LIMITS.windowMillis / 25;
    return { type: "text", tokens: 1 };
  };
  await world.run(id, BATCH_LIMITS.windowMillis * 2);
  const batch = world.batch(id);
  expect(batch.status).toBe("expired");
  expect(batch.completed + batch.failed).toBe(40);
  const late = written(await world.text(batch.errorFile as string)).filter(
    ({ error }) => error?.code === "batch_expired",
  );
  expect(late).toHaveLength(batch.failed);
});

test("a process that was thought dead and comes back changes nothing any more", async () => {
  const world = createWorld();
  const { id } = await world.take(ids(10).map((name) => lineOf(name)));
  let wake = () => {};
  world.gate = new Promise((resolve) => {
    wake = resolve;
  });
  const sleeping = world.run(id);
  while (world.requests.length === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
  world.gate = Promise.resolve();
  world.nowMillis += BATCH_LIMITS.leaseMillis + 1;
  await world.run(id);
  const batch = world.batch(id);
  const text = await world.text(batch.outputFile as string);
  expect(batch).toMatchObject({ status: "completed", completed: 10 });
  wake();
  await sleeping;
  expect(world.batch(id)).toEqual(batch);
  expect(await world.text(batch.outputFile as string)).toBe(text);
});

test("whatever dies when: each line is in the files once, and on the bill once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 6 }),
      async (count, deaths) => {
        const world = createWorld();
        // A day may end between two tries.
        world.nowMillis = Date.parse("2026-11-24T23:58:00Z");
        const { id } = await world.take(ids(count).map((name) => lineOf(name)));
        for (const steps of [...deaths, Number.POSITIVE_INFINITY]) {
          world.stepsUntilDeath = steps;
          await world.run(id).catch((error: unknown) => {
            if (!(error instanceof Died)) throw error;
          });
          await new Promise<void>((resolve) => void setImmediate(resolve));
          world.nowMillis += BATCH_LIMITS.leaseMillis + 1;
        }
        const batch = world.batch(id);
        expect(batch).toMatchObject({
          status: "completed",
          completed: count,
          failed: 0,
          usage: { outputTokens: count },
        });
        const names = written(await world.text(batch.outputFile as string)).map(({ custom_id: name }) => name);
        expect(names.sort()).toEqual(ids(count).sort());
        // As the reconciler counts: a number of a process once a day.
        const counted = new Map(
          world.told.map(({ accounting, tokens }) => [
            `${accounting?.process} ${accounting?.sequence} ${new Date(accounting?.atMillis ?? 0).toISOString().slice(0, 10)}`,
            tokens,
          ]),
        );
        expect(counted.size).toBe(count);
        expect([...counted.values()].reduce((sum, tokens) => sum + tokens, 0)).toBe(count);
      },
    ),
    { numRuns: 60 },
  );
});
