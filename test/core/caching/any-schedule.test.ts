/**
 * Whatever happens in whatever order (hits and misses, publishes, tenants, processes that die, a store that fails in every way),
 * nobody gets an answer that is stale, somebody else's, or torn. 10^5 answers are looked at.
 */
import fc from "fast-check";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import type { InferenceResult } from "../../../core/protocols/spec/inference.ts";
import type { Answer, Work } from "../../../core/serving/work.ts";
import { digestOf } from "../serving/world.ts";
import { type Ask, cacheWorld, embeddings, generation, outcomeOf, textOf, workOf } from "./cache-world.ts";
import { faultyStore } from "./faulty-store.ts";

const TTL_MILLIS = 20_000;
const PROCESSES = 3;
/** From the start of the work on an answer to its last event, when all is well, and when its maker dies and is waited for. */
const WORK_MILLIS = 400;
const LOST_WORK_MILLIS = 8_000;

const step = fc.record({
  process: fc.nat(PROCESSES - 1),
  tenant: fc.constantFrom("acme", "other"),
  prompt: fc.constantFrom("p", "q"),
  kind: fc.constantFrom("stream", "whole"),
  shared: fc.boolean(),
  header: fc.constantFrom<string | undefined>(undefined, undefined, undefined, "no-cache", "max-age=3", "no-store"),
  /** Milliseconds until the next step. */
  gap: fc.constantFrom(0, 0, 0, 0, 0, 1, 30, 900, 8_000),
  event: fc.constantFrom("none", "none", "none", "none", "publish", "death", "flush"),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the model of that version answers to that question: whose it is and when it was made can be read from it. */
function expectedWords({ request, version, caller }: Work): readonly string[] {
  const scope = version.cache?.scope === "shared" ? "everybody" : caller.tenant;
  const question = request.type === "embeddings" ? String(request.inputs[0]) : JSON.stringify(request);
  return [`${version.digest} `, `${scope} `, question];
}

const hashOf = (words: readonly string[]): number => {
  let hash = 7;
  for (const character of words.join("")) hash = (hash * 31 + character.charCodeAt(0)) % 16_777_213;
  return hash;
};

test("no schedule gives a stale, foreign or torn answer", async () => {
  let answers = 0;
  let hits = 0;
  let coalesced = 0;

  async function schedule(steps: readonly Step[], seed: number): Promise<void> {
    const world = cacheWorld();
    const { time } = world;
    const { clock } = time;
    const random = lcg(seed);
    const share = [0, 0.02, 0.15][seed % 3] as number;
    const slept = (millis: number) => new Promise<void>((resolve) => void clock.after(millis, resolve));
    const failures: unknown[] = [];
    let version = "a";

    function born(): { answer: Answer; die(): void } {
      let isAlive = true;
      const store = faultyStore(world.store, clock, { random, share, isAlive: () => isAlive });
      const model: Answer = async (work) => {
        const madeAt = clock.epochMillis();
        await slept(10 + 10 * Math.floor(random() * 4));
        const words = expectedWords(work);
        const usage = { inputTokens: 1, outputTokens: 3, inferenceMillis: madeAt };
        if (work.request.type === "embeddings") {
          return { type: "embeddings", vectors: [Float32Array.of(hashOf(words))], usage };
        }
        async function* events(): AsyncGenerator<GenerationEvent> {
          yield { type: "start", inputTokens: 1 };
          yield { type: "text-start", choice: 0 };
          for (const text of words) {
            await slept(10 * Math.floor(random() * 4));
            yield { type: "text-delta", choice: 0, text, outputTokens: 1 };
          }
          yield { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 };
          yield { type: "finish", usage };
        }
        return { type: "generation", events: events() };
      };
      const answer = world.process(model, store, { memoryBytes: random() < 0.5 ? 1_500 : 1_000_000 });
      return {
        // Nobody hears of what a dead process would have answered.
        answer: (work) => (isAlive ? answer(work) : new Promise(() => {})),
        die: () => {
          isAlive = false;
        },
      };
    }

    const processes = Array.from({ length: PROCESSES }, born);
    for (const { process, tenant, prompt, kind, shared, header, gap, event } of steps) {
      if (event === "publish") version = version === "a" ? "b" : "a";
      if (event === "flush") world.store.clear();
      if (event === "death") {
        processes[process]?.die();
        processes[process] = born();
      }
      const asked: Ask = {
        request: kind === "stream" ? generation(prompt) : embeddings(prompt),
        tenant,
        digest: digestOf(version),
        rule: { ttlSeconds: TTL_MILLIS / 1000, ...(shared && { scope: "shared" as const }) },
        ...(header !== undefined && { headers: { "cache-control": header } }),
      };
      const work = workOf(asked, time);
      const askedAt = clock.epochMillis();
      outcomeOf((processes[process] as { answer: Answer }).answer, work)
        .then(({ error, result, events, journal }) => {
          if (error !== undefined) throw error;
          answers++;
          if (journal.cache === "hit") hits++;
          if (journal.cache === "coalesced") coalesced++;
          const madeAt = check(work, result, events);
          const maxAge = header === "max-age=3" ? 3_000 : TTL_MILLIS;
          const oldest = maxAge + (share > 0 ? LOST_WORK_MILLIS : WORK_MILLIS);
          if (header === "no-cache" || header === "no-store") expect(madeAt).toBeGreaterThanOrEqual(askedAt);
          else if (askedAt - madeAt >= oldest) expect(askedAt - madeAt).toBeLessThan(oldest);
        })
        .catch((failure: unknown) => failures.push(failure));
      if (gap > 0) await time.pass(gap);
    }
    await time.pass(30_000);
    if (failures.length > 0) throw failures[0];
  }

  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 250, maxLength: 350 }), fc.nat(1_000_000), schedule), {
    numRuns: 340,
    // A schedule that fails is short enough to be read as it is.
    endOnFailure: true,
  });
  expect(answers).toBeGreaterThan(90_000);
  expect(hits).toBeGreaterThan(answers / 20);
  expect(coalesced).toBeGreaterThan(answers / 100);
});

/** When the answer was made; throws when it is not exactly the whole answer to this question. */
function check(work: Work, result: InferenceResult | undefined, events: readonly GenerationEvent[]): number {
  const words = expectedWords(work);
  if (result?.type === "embeddings") {
    expect(result.vectors[0]?.[0]).toBe(hashOf(words));
    return result.usage.inferenceMillis;
  }
  if (textOf(events) !== words.join("")) expect(textOf(events)).toBe(words.join(""));
  const types = events.map(({ type }) => type).join();
  if (types !== WHOLE_STREAM) expect(types).toBe(WHOLE_STREAM);
  const last = events.at(-1);
  return last?.type === "finish" ? last.usage.inferenceMillis : Number.NaN;
}

const WHOLE_STREAM = "start,text-start,text-delta,text-delta,text-delta,text-finish,finish";

/** Small and the same everywhere. */
function lcg(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
