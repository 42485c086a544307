/** What every store of requests that run once must do; run on the memory reference and on a table. */
import {
  beganAtMillis,
  type EndedRecord,
  type OnceStore,
  type RunningRecord,
  type StreamsUnderWay,
} from "../../core/idempotency/once-record.ts";

const NOW = 1_800_000_000_000;
const RUNNING: RunningRecord = {
  state: "running",
  token: "t1",
  fingerprint: "f".repeat(64),
  requestId: "r1",
  streams: true,
  expiresAtMillis: NOW + 1_000,
  aliveUntilMillis: NOW + 15,
};
const DONE: EndedRecord = {
  ...{ token: "t1", fingerprint: "f".repeat(64), requestId: "r1", streams: true, expiresAtMillis: NOW + 1_000 },
  state: "done",
  endedBy: "t1",
  answer: { type: "inline", bytes: Uint8Array.from({ length: 300 }, (_, index) => index % 256) },
};

/** `streamsOf`: where those that run are listed; fresh names are looked for in it. */
export function onceStoreSuite(storeOf: () => OnceStore, streamsOf: () => StreamsUnderWay): void {
  let names = 0;
  const newName = () => ({ tenant: "acme", id: `${(names++).toString(16).padStart(2, "0")}-${names}` });

  test("the first one has it, until it is free or has expired", async () => {
    const store = storeOf();
    const name = newName();
    expect(await store.read(name)).toBeUndefined();
    expect(await store.create(name, RUNNING, NOW)).toBe("written");
    expect(await store.create(name, { ...RUNNING, token: "t2" }, NOW + 999)).toBe("refused");
    expect(await store.read(name)).toEqual(RUNNING);
    expect(await store.create(name, { ...RUNNING, token: "t2" }, NOW + 1_000)).toBe("written");
    const { aliveUntilMillis: _, ...base } = RUNNING;
    expect(await store.replace(name, { ...base, token: "t2", state: "free" }, { token: "t2" })).toBe("written");
    expect(await store.create(name, { ...RUNNING, token: "t3" }, NOW)).toBe("written");
    expect(await store.read({ ...name, tenant: "other" })).toBeUndefined();
  });

  test("only who runs it changes it, and nobody once it is over", async () => {
    const store = storeOf();
    const name = newName();
    expect(await store.replace(name, RUNNING, { token: "t1" })).toBe("refused");
    await store.create(name, RUNNING, NOW);
    expect(await store.replace(name, DONE, { token: "t2" })).toBe("refused");
    const later = { ...RUNNING, aliveUntilMillis: NOW + 30 };
    expect(await store.replace(name, later, { token: "t1" })).toBe("written");
    expect(await store.replace(name, DONE, { token: "t1", aliveUntilMillis: NOW + 15 })).toBe("refused");
    expect(await store.replace(name, DONE, { token: "t1", aliveUntilMillis: NOW + 30 })).toBe("written");
    expect(await store.replace(name, later, { token: "t1" })).toBe("refused");
    expect(await store.create(name, RUNNING, NOW)).toBe("refused");
    const read = (await store.read(name)) as EndedRecord;
    expect(read).toMatchObject({ ...DONE, answer: { type: "inline" } });
    expect(
      read.answer.type === "inline" &&
        Buffer.from(read.answer.bytes).equals(Buffer.from(DONE.answer.type === "inline" ? DONE.answer.bytes : [])),
    ).toBe(true);
  });

  test.each([
    ["an object", { state: "interrupted", answer: { type: "object", name: "acme/t2" } }],
    ["nothing", { state: "done", answer: { type: "lost" } }],
  ] as const)("an answer that lies elsewhere: %s", async (_, end) => {
    const store = storeOf();
    const name = newName();
    await store.create(name, RUNNING, NOW);
    await store.replace(name, { ...DONE, ...end, endedBy: "t2" }, { token: "t1" });
    expect(await store.read(name)).toEqual({ ...DONE, ...end, endedBy: "t2" });
  });

  test("streams that run are listed from when they began until they end; whole answers never are", async () => {
    const store = storeOf();
    const began = beganAtMillis(RUNNING);
    const streams = Array.from({ length: 9 }, newName);
    const whole = newName();
    for (const name of streams) await store.create(name, RUNNING, NOW);
    await store.create(whole, { ...RUNNING, streams: false }, NOW);
    const listed = async (millis: number) => {
      const found = await streamsOf().beganBefore(millis);
      return [...streams, whole].filter(({ id }) => found.some((name) => name.tenant === "acme" && name.id === id));
    };
    expect(await listed(began)).toEqual(streams);
    expect(await listed(began - 1)).toEqual([]);
    const [first, second, third, ...rest] = streams as [(typeof streams)[0], (typeof streams)[0], (typeof streams)[0]];
    await store.replace(first, { ...RUNNING, aliveUntilMillis: NOW + 30 }, { token: "t1" });
    await store.replace(second, DONE, { token: "t1" });
    const { aliveUntilMillis: _, ...base } = RUNNING;
    await store.replace(third, { ...base, state: "free" }, { token: "t1" });
    expect(await listed(began)).toEqual([first, ...rest]);
  });

  test("of many at once one is first", async () => {
    const store = storeOf();
    const name = newName();
    const tries = Array.from({ length: 8 }, (_, index) => store.create(name, { ...RUNNING, token: `t${index}` }, NOW));
    const outcomes = await Promise.all(tries);
    expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(1);
    expect((await store.read(name))?.token).toBe(`t${outcomes.indexOf("written")}`);
  });
}
