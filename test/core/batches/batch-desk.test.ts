/** How many batches one tenant may have under way, whoever takes them at the same moment, and whoever dies meanwhile. */
import { BATCH_LIMITS } from "../../../core/batches/batch.ts";
import { CALLER, createWorld, Died, lineOf } from "./batch-world.ts";

const LINES = [lineOf("a")];

test("taken at the same moment they are never more than the limit, and each that ends makes room", async () => {
  const world = createWorld();
  const ids: string[] = [];
  while (ids.length < BATCH_LIMITS.mostOpen - 2) ids.push((await world.take(LINES)).id);
  const together = await Promise.allSettled(Array.from({ length: 5 }, () => world.take(LINES)));
  for (const outcome of together) {
    if (outcome.status === "fulfilled") ids.push(outcome.value.id);
    else expect(outcome.reason).toMatchObject({ code: "rate_limited", retryAfterSeconds: 30 });
  }
  expect(ids.length).toBeLessThanOrEqual(BATCH_LIMITS.mostOpen);
  expect([world.slots.size, world.open.size]).toEqual([ids.length, ids.length]);
  while (ids.length < BATCH_LIMITS.mostOpen) ids.push((await world.take(LINES)).id);
  await expect(world.take(LINES)).rejects.toThrow(`${BATCH_LIMITS.mostOpen} batches may be under way at once`);

  const [first = "", second = ""] = ids;
  await world.run(first);
  await world.batches.cancel(CALLER.tenant, second);
  await world.run(second);
  expect([world.batch(first).status, world.batch(second).status]).toEqual(["completed", "cancelled"]);
  ids.push((await world.take(LINES)).id, (await world.take(LINES)).id);
  await expect(world.take(LINES)).rejects.toMatchObject({ code: "rate_limited" });
});

test("a process that dies while it takes one, or ends one, leaves no slot to anybody who sweeps", async () => {
  const steps = { take: 9, run: 14 };
  for (let until = 0; until < steps.take + steps.run; until++) {
    const world = createWorld();
    world.stepsUntilDeath = until;
    const id = await world.take(LINES).then(({ id }) => id, died);
    if (id !== undefined) await world.run(id).catch(died);
    world.stepsUntilDeath = Number.POSITIVE_INFINITY;
    for (let sweeps = 0; sweeps < 3 && world.open.size > 0; sweeps++) {
      world.nowMillis += BATCH_LIMITS.leaseMillis;
      for (const open of [...world.open.keys()]) await world.run(open);
    }
    expect([until, world.slots.size, world.open.size]).toEqual([until, 0, 0]);
  }
});

function died(error: unknown): undefined {
  if (!(error instanceof Died)) throw error;
}
