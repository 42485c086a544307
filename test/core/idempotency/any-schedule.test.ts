/**
 * Whatever happens in whatever order (repeats, processes that die, clocks that differ, a store and a log that lose replies, do things
 * twice, late or not at all): work starts at most once for a key, it is charged at most once, and everybody who reads gets
 * the beginning of the same text. 10^5 answers are looked at.
 */
import fc from "fast-check";
import type { FrameLog } from "../../../core/caching/frame-log.ts";
import { createMemoryFrameLog } from "../../../core/caching/memory-frame-log.ts";
import { asFarthingError } from "../../../core/errors.ts";
import { createMemoryAnswerObjects, createMemoryOnceStore } from "../../../core/idempotency/memory-once-store.ts";
import { createOnce } from "../../../core/idempotency/once.ts";
import type { Once, OnceDependencies } from "../../../core/idempotency/once-call.ts";
import { ALIVE_MILLIS, type OnceStore } from "../../../core/idempotency/once-record.ts";
import { sweepOnce } from "../../../core/idempotency/sweep-once.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { isStream } from "../../../core/serving/counted-body.ts";
import { virtualTime } from "../caching/virtual-time.ts";
import { requestTo } from "../serving/world.ts";

const PROCESSES = 4;
const KEYS = 60;
const REQUESTS = 500;
const CHUNKS = 6;
const SKEW_MILLIS = 3_000;
const FAILED = "!";

interface KeyFacts {
  readonly text: readonly string[];
  readonly streams: boolean;
  starts: number;
  /** What each charge was for: chunks. */
  readonly charges: number[];
  /** What the request that runs gave to its reader before its process died. */
  delivered: number;
  isDead: boolean;
}

const tally = { answers: 0, whole: 0, cut: 0, failed: 0, interrupted: 0, deaths: 0, released: 0, swept: 0 };

async function schedule(seed: number): Promise<void> {
  const random = lcg(seed);
  const share = [0, 0.02, 0.15][seed % 3] as number;
  const hasLog = seed % 5 > 0;
  const time = virtualTime();
  const { clock } = time;
  const slept = (millis: number) => new Promise<void>((resolve) => void clock.after(millis, resolve));
  const forever = new Promise<never>(() => {});
  const records = createMemoryOnceStore();
  const objects = createMemoryAnswerObjects();
  const log = createMemoryFrameLog(clock);
  const failures: unknown[] = [];
  let tokens = 0;
  const keys: readonly KeyFacts[] = Array.from({ length: KEYS }, (_, key) => ({
    text: Array.from({ length: CHUNKS }, (_, chunk) => `${key}.${chunk} `),
    streams: random() < 0.7,
    starts: 0,
    charges: [],
    delivered: 0,
    isDead: false,
  }));

  /** Parts as bad as they get; those of a dead process do nothing. */
  function faulty<T extends OnceStore | FrameLog>(parts: T, alive: () => boolean, isCutOff = () => false): T {
    return new Proxy(parts, {
      get:
        (target, name) =>
        async (...rest: unknown[]) => {
          const call = (): Promise<unknown> =>
            Reflect.apply(Reflect.get(target, name) as () => Promise<unknown>, target, rest);
          if (!alive()) return forever;
          if (isCutOff()) throw new Error("not done");
          const chance = random();
          if (chance < share) {
            const kind = Math.floor((chance / share) * 6);
            if (kind === 0) throw new Error("not done");
            if (kind === 1) await slept(400 * random());
            if (kind === 2) {
              await call();
              throw new Error("done, but nobody hears of it");
            }
            // Records only: a list whose elements come twice is damaged, which its reader sees.
            if (kind === 3 && target === (records as unknown)) clock.after(3_000 * random(), () => void call());
            if (kind === 4) await slept(2_000);
            if (kind === 5 && target === (log as unknown)) log.clear();
          }
          const result = await call();
          return alive() ? result : forever;
        },
    });
  }

  function born() {
    let isAlive = true;
    let cutOffUntilMillis = 0;
    const alive = (): boolean => isAlive;
    const skew = Math.floor((random() - 0.5) * 2 * SKEW_MILLIS);
    const dependencies: OnceDependencies = {
      store: faulty(records, alive, () => clock.epochMillis() < cutOffUntilMillis),
      objects,
      frames: hasLog ? faulty(log, alive) : undefined,
      clock: { ...clock, epochMillis: () => clock.epochMillis() + skew },
      newToken: () => `t${tokens++}`,
      behind: () => {},
      emitUsage: ({ requestId, outputTokens }) => {
        if (isAlive) (keys[Number(requestId)] as KeyFacts).charges.push(outputTokens);
      },
      onFailed: () => {},
    };
    const once: Once = createOnce(dependencies);

    async function ask(key: number): Promise<void> {
      const facts = keys[key] as KeyFacts;
      let made = 0;
      let isLost = false;
      const begun = await once.begin({
        ...{ tenant: "acme", route: "/r", key: `k${key}`, request: requestTo("/r"), requestId: String(key) },
        deadlineMillis: clock.epochMillis() + skew + 40_000,
        streams: facts.streams,
        failed: (error) => ({ status: error.status, headers: {}, body: `${FAILED}${error.code}` }),
        made: () => ({ requestId: String(key), outputTokens: made }) as unknown as UsageLine,
        onLost: () => {
          isLost = true;
        },
      });
      if (begun.type === "repeat") return read(facts, begun.response.body, alive, false);
      const { run } = begun;
      if (random() < 0.1) {
        tally.released++;
        return run.release();
      }
      if (!isAlive) return;
      facts.starts++;
      const body = words(facts, () => made++);
      const response = { status: 200, headers: {}, body: facts.streams ? body : (await collected(body)).text };
      const recorded = await run.record(response);
      async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
        yield* chunks;
        if (isAlive && !isLost) facts.charges.push(made);
      }
      if (isStream(recorded.body)) {
        const detached = run.detach({ ...recorded, body: counted(recorded.body) });
        // Some readers leave early.
        return read(facts, detached.body, alive, true, random() < 0.3 ? 2 : undefined);
      }
      if (isAlive) facts.charges.push(made);
      return read(facts, recorded.body, alive, true);
    }

    async function* words({ text }: KeyFacts, onWord: () => void): AsyncGenerator<Uint8Array> {
      for (const word of text) {
        await slept(10 + Math.floor(random() ** 6 * 20_000));
        if (!isAlive) return forever;
        onWord();
        yield Buffer.from(word);
      }
    }

    return {
      ask: (key: number) =>
        ask(key).catch((error: unknown) => {
          if (!["dependency_unavailable", "deadline_exceeded", "interrupted"].includes(asFarthingError(error).code)) {
            // The faults' own errors come through where a real store would have said `dependency_unavailable`.
            if (!/not done|nobody hears/.test((error as Error).message)) failures.push(error);
          }
          tally.failed++;
        }),
      async sweep() {
        tally.swept += await sweepOnce(records, dependencies);
      },
      /** Its records do not answer for so long that it is taken for dead; the rest of it works. */
      cutOff() {
        cutOffUntilMillis = clock.epochMillis() + 2 * ALIVE_MILLIS;
      },
      die() {
        isAlive = false;
        tally.deaths++;
      },
    };
  }

  async function read(
    facts: KeyFacts,
    body: string | Uint8Array | AsyncIterable<Uint8Array>,
    alive: () => boolean,
    isFirst: boolean,
    leavesAfter = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const { text, chunks } = isStream(body)
      ? await collected(body, leavesAfter, () => {
          if (!alive()) return;
          if (isFirst) facts.delivered++;
        })
      : { text: Buffer.from(body).toString(), chunks: 1 };
    if (!alive()) return;
    // Signs of life mean nothing.
    const [got = "", error] = text.replace(/^(?::\n\n|\s)+/, "").split(FAILED);
    const whole = facts.text.join("");
    tally.answers++;
    if (!whole.startsWith(got)) throw new Error(`${JSON.stringify(text)} is not of ${whole}`);
    if (error === undefined && got !== whole && chunks < leavesAfter) throw new Error(`cut without an error: ${text}`);
    if (error === undefined) tally.whole++;
    else tally.cut++;
    if (error !== "interrupted") return;
    tally.interrupted++;
    if (share > 0 || isFirst) return;
    // All is well but for deaths: nobody gets less than the first reader got, and what they get is what is charged.
    const words = got === "" ? 0 : got.trim().split(" ").length;
    const charged = facts.charges[0] ?? 0;
    if (hasLog ? words < facts.delivered || (charged > 0 && charged !== words) : charged > CHUNKS) {
      throw new Error(`${facts.delivered} delivered, ${charged} charged for ${JSON.stringify(text)}`);
    }
  }

  const processes = Array.from({ length: PROCESSES }, born);
  for (let request = 0; request < REQUESTS; request++) {
    const process = Math.floor(random() * PROCESSES);
    if (random() < 0.02) {
      processes[process]?.die();
      processes[process] = born();
    }
    if (share > 0 && random() < 0.02) processes[process]?.cutOff();
    if (random() < 0.02) processes[process]?.sweep().catch((failure: unknown) => failures.push(failure));
    // Keys come one after the other, and come again.
    const newest = Math.floor((request / REQUESTS) * KEYS);
    const key = Math.max(0, newest - Math.floor(random() ** 2 * 8));
    processes[process]?.ask(key).catch((failure: unknown) => failures.push(failure));
    const gap = [0, 0, 1, 40, 300, 2_000][Math.floor(random() * 6)] as number;
    if (gap > 0) await time.pass(gap);
  }
  await time.pass(4 * ALIVE_MILLIS);
  // Of those whose process died, too, and whose caller never came back.
  const swept = processes[0]?.sweep();
  await time.pass(4 * ALIVE_MILLIS);
  await swept;
  if (failures.length > 0) throw failures[0];
  for (const { starts, charges, text, streams, delivered } of keys) {
    if (share === 0 && hasLog && streams && delivered > 0) {
      expect(charges).toHaveLength(1);
      expect(charges[0]).toBeGreaterThanOrEqual(delivered);
    }
    expect(starts).toBeLessThanOrEqual(1);
    expect(charges.length).toBeLessThanOrEqual(1);
    if (charges.length > starts) throw new Error("charged without work");
    expect(charges[0] ?? 0).toBeLessThanOrEqual(text.length);
  }
}

async function collected(
  body: AsyncIterable<Uint8Array>,
  leavesAfter = Number.POSITIVE_INFINITY,
  onChunk: () => void = () => {},
): Promise<{ readonly text: string; readonly chunks: number }> {
  let text = "";
  let chunks = 0;
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString();
    onChunk();
    if (++chunks === leavesAfter) break;
  }
  return { text, chunks };
}

test("no schedule starts twice, charges twice or tears a text", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(1_000_000), schedule), { numRuns: 380, endOnFailure: true });
  expect(tally.answers).toBeGreaterThan(100_000);
  expect(tally.whole).toBeGreaterThan(tally.answers / 3);
  expect(tally.interrupted).toBeGreaterThan(500);
  expect(tally.deaths).toBeGreaterThan(500);
  expect(tally.released).toBeGreaterThan(500);
  expect(tally.swept).toBeGreaterThan(50);
});

/** Small and the same everywhere. */
function lcg(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
