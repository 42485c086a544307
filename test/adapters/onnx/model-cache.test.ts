import fc from "fast-check";
import { createModelCache } from "../../../adapters/onnx/model-cache.ts";
import { FarthingError } from "../../../core/errors.ts";

interface Model {
  readonly name: string;
  isReleased: boolean;
}

/** Models are named; the last digit is their size in bytes. */
function world(budgetBytes = 10) {
  let now = 0;
  const loads: string[] = [];
  const broken = new Map<string, Error>();
  const gates = new Map<string, Promise<void>>();
  const live = new Set<Model>();
  const cache = createModelCache<Model, string>({
    keyOf: (name) => name,
    async open(name) {
      loads.push(name);
      return {
        bytes: Number(name.at(-1)),
        async load() {
          await gates.get(name);
          const error = broken.get(name);
          if (error !== undefined) throw error;
          const model = { name, isReleased: false };
          live.add(model);
          return model;
        },
      };
    },
    async release(model) {
      model.isReleased = true;
      live.delete(model);
    },
    clock: () => now,
    budgetBytes,
  });
  return {
    cache,
    loads,
    broken,
    gates,
    live,
    pass: (millis: number) => {
      now += millis;
    },
    touch: (name: string) => cache.use(name, async (model) => model.name),
  };
}

/** A piece of work that lasts until it is ended. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { until: promise, end: resolve };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("a model is loaded once, however many ask for it at the same time", async () => {
  const { touch, loads } = world();
  expect(await Promise.all([touch("a1"), touch("a1"), touch("a1")])).toEqual(["a1", "a1", "a1"]);
  await touch("a1");
  expect(loads).toEqual(["a1"]);
});

test("the least recently used leaves when there is no room", async () => {
  const { touch, cache, live } = world();
  await touch("a4");
  await touch("b4");
  await touch("a4");
  await touch("c4");
  expect(cache.loaded()).toEqual(["a4", "c4"]);
  expect([...live].map(({ name }) => name)).toEqual(["a4", "c4"]);
});

test("several leave when one large model needs their room", async () => {
  const { touch, cache } = world();
  for (const name of ["a2", "b2", "c2", "d2"]) await touch(name);
  await touch("e7");
  expect(cache.loaded()).toEqual(["d2", "e7"]);
});

test("a model that is answering is not dropped; when all are, the newcomer is told to come back", async () => {
  const { cache, touch } = world();
  const work = gate();
  const answering = cache.use("a8", async (model) => {
    await work.until;
    return model.isReleased;
  });
  await settle();
  await expect(touch("b8")).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 1 });
  work.end();
  expect(await answering).toBe(false);
  expect(await touch("b8")).toBe("b8");
});

test("a model that can never fit is not ready, and says how much it needs", async () => {
  await expect(world(5).touch("a9")).rejects.toMatchObject({
    code: "model_not_ready",
    message: expect.stringContaining("needs about"),
  });
});

test("models that load at the same time count each other's room", async () => {
  const { cache, gates, touch } = world();
  const loading = gate();
  gates.set("a6", loading.until);
  const first = touch("a6");
  await settle();
  await expect(touch("b6")).rejects.toMatchObject({ code: "overloaded" });
  loading.end();
  expect(await first).toBe("a6");
  expect(cache.loaded()).toEqual(["a6"]);
});

test("a version that does not load says so for half a minute without a new try; others serve", async () => {
  const { touch, broken, loads, pass } = world();
  broken.set("a1", new FarthingError("model_not_ready", "cut short"));
  await expect(touch("a1")).rejects.toThrow("cut short");
  await expect(touch("a1")).rejects.toThrow("cut short");
  expect(loads).toEqual(["a1"]);
  expect(await touch("b1")).toBe("b1");
  broken.delete("a1");
  pass(30_000);
  expect(await touch("a1")).toBe("a1");
});

test("a store that was away for a moment is asked again at once", async () => {
  const { touch, broken, loads } = world();
  broken.set("a1", new FarthingError("dependency_unavailable", "store down"));
  await expect(touch("a1")).rejects.toMatchObject({ code: "dependency_unavailable" });
  broken.delete("a1");
  expect(await touch("a1")).toBe("a1");
  expect(loads).toEqual(["a1", "a1"]);
});

test("what failed to load holds no room", async () => {
  const { touch, broken } = world();
  broken.set("a9", new Error("unexpected"));
  await expect(touch("a9")).rejects.toMatchObject({ code: "internal" });
  expect(await touch("b9")).toBe("b9");
});

test("memory stays within the budget, and no model is released while it works, in any order of events", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ name: fc.constantFrom("a1", "b2", "c3", "d4", "e5", "f6"), ends: fc.nat(3) }), {
        maxLength: 40,
      }),
      async (requests) => {
        const { cache, live } = world();
        const open: { readonly end: () => void; readonly done: Promise<unknown> }[] = [];
        for (const { name, ends } of requests) {
          const work = gate();
          const done = cache
            .use(name, async (model) => {
              await work.until;
              expect(model.isReleased).toBe(false);
            })
            .catch((error: unknown) => expect(error).toMatchObject({ code: "overloaded" }));
          open.push({ end: work.end, done });
          for (const { end, done: finished } of open.splice(0, ends)) {
            end();
            await finished;
          }
          await settle();
          const held = [...live].reduce((sum, model) => sum + Number(model.name.at(-1)), 0);
          expect(held).toBeLessThanOrEqual(10);
        }
        for (const { end } of open) end();
        await Promise.all(open.map(({ done }) => done));
      },
    ),
    { numRuns: 60 },
  );
});

test("a model whose stream is being read stays, and goes when it ended, broke off, or was left", async () => {
  const { cache, live, touch } = world(10);
  async function* words(fails = false) {
    yield "a";
    yield "b";
    if (fails) throw new Error("broke off");
  }
  const read = async (fails: boolean, most: number): Promise<void> => {
    let seen = 0;
    for await (const _ of cache.useForStream("m6", () => words(fails))) {
      // Does not fit beside it, and must not push it out.
      if (seen === 0) await expect(touch("n6")).rejects.toMatchObject({ code: "overloaded" });
      if (++seen === most) return;
    }
  };
  await read(false, 9);
  await expect(read(true, 9)).rejects.toThrow("broke off");
  await read(false, 1);
  await touch("n6");
  expect([...live].map(({ name }) => name)).toEqual(["n6"]);
});
