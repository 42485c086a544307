/** What every store that processes share must do; run on the memory reference, on a real server and on the embedded one. */
import type { AnswerStore } from "../../core/caching/answer-store.ts";

export interface AnswerStoreWorld {
  /** A store of one more process, all on the same data. */
  open(): AnswerStore;
  /** Loses everything. */
  flush(): Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const slept = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

let names = 0;
const newName = (): string => `answer-${process.pid}-${++names}`;

export function answerStoreSuite(world: () => AnswerStoreWorld): void {
  test("answers: absent, kept for everyone, replaced, gone with their time", async () => {
    const [one, other, name] = [world().open(), world().open(), newName()];
    expect(await other.get(name)).toBeUndefined();
    const all = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    await one.put(name, all, 60_000);
    expect(Buffer.compare((await other.get(name)) as Uint8Array, all)).toBe(0);
    await one.put(name, bytes(), 60_000);
    expect(await other.get(name)).toHaveLength(0);
    await one.put(name, bytes(1), 30);
    await slept(60);
    expect(await other.get(name)).toBeUndefined();
  });

  test("claims: one holder, who alone extends and releases; gone with their time", async () => {
    const [one, other, name] = [world().open(), world().open(), newName()];
    expect(await one.claim(name, "t1", 60_000)).toBe("t1");
    expect(await other.claim(name, "t2", 60_000)).toBe("t1");
    expect(await other.holder(name)).toBe("t1");
    expect(await other.extend(name, "t2", 60_000)).toBe(false);
    await other.release(name, "t2");
    expect(await other.holder(name)).toBe("t1");
    expect(await one.extend(name, "t1", 40)).toBe(true);
    await slept(80);
    expect(await other.holder(name)).toBeUndefined();
    expect(await one.extend(name, "t1", 40)).toBe(false);
    expect(await other.claim(name, "t2", 60_000)).toBe("t2");
    await other.release(name, "t2");
    expect(await one.holder(name)).toBeUndefined();
  });

  test("of many who claim at once, one holds it", async () => {
    const name = newName();
    const stores = Array.from({ length: 8 }, () => world().open());
    const holders = await Promise.all(stores.map((store, index) => store.claim(name, `t${index}`, 60_000)));
    expect(new Set(holders).size).toBe(1);
  });

  describe("frames", () => {
    const frames = [bytes(1, 2, 3), bytes(), bytes(0x0d, 0x0a, 0xff)];
    const asArrays = (part: { readonly frames?: readonly Uint8Array[] }) => part.frames?.map((frame) => [...frame]);

    test("are read in order, from any position, while they are written", async () => {
      const [writer, reader, name] = [world().open().frames, world().open().frames, newName()];
      expect(await reader.read(name, 0, 0)).toEqual({ type: "absent" });
      await writer.append(name, frames.slice(0, 2), 60_000);
      const first = await reader.read(name, 0, 0);
      expect(first).toMatchObject({ type: "frames", ended: false });
      expect(asArrays(first as never)).toEqual([[1, 2, 3], []]);
      expect(await reader.read(name, 2, 0)).toEqual({ type: "frames", frames: [], ended: false });
      const next = reader.read(name, 2, 5_000);
      await slept(20);
      await writer.append(name, frames.slice(2), 60_000);
      expect(asArrays((await next) as never)).toEqual([[0x0d, 0x0a, 0xff]]);
      await writer.end(name, 60_000);
      expect(await reader.read(name, 3, 5_000)).toEqual({ type: "frames", frames: [], ended: true });
      const whole = await world().open().frames.read(name, 0, 0);
      expect(whole).toMatchObject({ type: "frames", ended: true });
      expect(asArrays(whole as never)).toEqual(frames.map((frame) => [...frame]));
    });

    test("are absent once they are removed, or their time is over", async () => {
      const [log, name, short] = [world().open().frames, newName(), newName()];
      await log.append(name, frames, 60_000);
      await log.remove(name);
      expect(await log.read(name, 0, 0)).toEqual({ type: "absent" });
      await log.append(short, frames, 30);
      await slept(60);
      expect(await log.read(short, 0, 0)).toEqual({ type: "absent" });
    });

    test("are absent for good when their beginning was lost", async () => {
      const [log, reader, name] = [world().open().frames, world().open().frames, newName()];
      await log.append(name, frames, 60_000);
      await world().flush();
      await log.append(name, frames.slice(0, 1), 60_000);
      for (const from of [0, 1, 3]) expect(await reader.read(name, from, 0)).toEqual({ type: "absent" });
      await log.end(name, 60_000);
      expect(await reader.read(name, 0, 0)).toEqual({ type: "absent" });
    });
  });
}
