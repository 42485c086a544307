import type { ModelRecord } from "../../../core/models/registry.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import { digestOf, modelOf } from "./world.ts";

function world() {
  let now = 0;
  let stored: ModelRecord | undefined = modelOf();
  let isDown = false;
  let reads = 0;
  const answer = async <T>(value: T): Promise<T> => {
    reads++;
    if (isDown) throw new Error("down");
    return value;
  };
  const view = createRegistryView({ get: () => answer(stored), list: () => answer(stored ? [stored] : []) }, () => now);
  return {
    view,
    pass: (millis: number) => {
      now += millis;
    },
    store: (record: ModelRecord | undefined) => {
      stored = record;
    },
    goDown: () => {
      isDown = true;
    },
    reads: () => reads,
    liveNow: async () => (await view.get("digits"))?.live,
  };
}

test("no request meets the old version more than 5 seconds after a switch, at any rate of requests", async () => {
  for (const everyMillis of [100, 1_999, 2_500, 4_600, 600_000]) {
    const { liveNow, pass, store } = world();
    await liveNow();
    store(modelOf({ live: digestOf("b") }));
    for (
      let sinceSwitch = everyMillis;
      sinceSwitch <= 12_000 || sinceSwitch === everyMillis;
      sinceSwitch += everyMillis
    ) {
      pass(everyMillis);
      const live = await liveNow();
      if (sinceSwitch > 5_000) expect(live).toBe(digestOf("b"));
    }
  }
});

test("a busy process reads a record every two seconds, not with every request", async () => {
  const { liveNow, pass, reads } = world();
  for (let request = 0; request < 1_000; request++) {
    await liveNow();
    pass(10);
  }
  expect(reads()).toBeLessThanOrEqual(6);
});

test("a model that was just published is reachable though somebody asked for it before", async () => {
  const { liveNow, pass, store } = world();
  store(undefined);
  expect(await liveNow()).toBeUndefined();
  store(modelOf());
  pass(2_001);
  expect(await liveNow()).toBe(digestOf("a"));
});

test("while the registry is down, models serve what was last known for five minutes", async () => {
  const { liveNow, pass, goDown } = world();
  await liveNow();
  goDown();
  pass(299_000);
  expect(await liveNow()).toBe(digestOf("a"));
  pass(2_000);
  await expect(liveNow()).rejects.toThrow("down");
});

test("the list comes from memory like a record", async () => {
  const { view, reads } = world();
  expect((await view.list()).map(({ name }) => name)).toEqual(["digits"]);
  await view.list();
  expect(reads()).toBe(1);
});
