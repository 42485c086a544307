/** However requests end, the place that they took is free again, and there are never more than there are places. */
import fc from "fast-check";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import type { InferenceRequest, InferenceResult } from "../../../core/protocols/spec/inference.ts";
import { boundedTarget } from "../../../core/routing/bounded-target.ts";
import type { Target } from "../../../core/serving/target.ts";
import { digestOf, modelOf, versionOf } from "../serving/world.ts";

const USAGE = { inputTokens: 1, outputTokens: 1, inferenceMillis: 1 };
const EVENTS: readonly GenerationEvent[] = [
  { type: "start", inputTokens: 1 },
  { type: "finish", usage: USAGE },
];
type Kind = "whole" | "stream" | "fails" | "breaks";

function world(places: number) {
  let running = 0;
  let most = 0;
  async function* events(breaks: boolean): AsyncGenerator<GenerationEvent> {
    yield EVENTS[0] as GenerationEvent;
    if (breaks) throw new Error("broke off");
    yield EVENTS[1] as GenerationEvent;
  }
  const inner: Target = {
    kind: "http",
    name: "http:rack",
    onPremises: true,
    hasCopies: false,
    async infer(_model, _version, request): Promise<InferenceResult> {
      const kind = (request as unknown as { readonly kind: Kind }).kind;
      running++;
      most = Math.max(most, running);
      if (kind === "fails") {
        running--;
        throw new Error("refused");
      }
      if (kind === "whole") {
        running--;
        return { type: "tensors", outputs: [], usage: USAGE };
      }
      return { type: "generation", events: events(kind === "breaks") };
    },
    ready: async () => {},
  };
  const target = boundedTarget(inner, places);
  const infer = (kind: Kind) =>
    target.infer(modelOf(), versionOf(digestOf("a")), { kind } as unknown as InferenceRequest, {
      requestId: "r",
      deadlineMillis: 0,
    });
  return { target, infer, over: () => running--, most: () => most };
}

type Open = { readonly iterator: AsyncIterator<GenerationEvent> };

test("the one that finds no place is refused as overloaded, which blames nobody and goes on elsewhere", async () => {
  const { infer } = world(1);
  const first = await infer("stream");
  await expect(infer("stream")).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 1 });
  // Left before anybody read of it.
  if (first.type === "generation") await first.events[Symbol.asyncIterator]().return?.();
  await expect(infer("stream")).resolves.toMatchObject({ type: "generation" });
});

test("places are never overbooked, and none is lost, whatever becomes of the requests", async () => {
  const step = fc.oneof(
    fc.constantFrom<Kind>("whole", "stream", "fails", "breaks").map((kind) => ({ type: "ask", kind }) as const),
    fc.record({ type: fc.constantFrom("read" as const, "leave" as const), which: fc.nat(8) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), async (places, steps) => {
      const { infer, over, most } = world(places);
      const open: Open[] = [];
      const end = (at: number) => {
        open.splice(at, 1);
        over();
      };
      for (const one of steps) {
        if (one.type === "ask") {
          const isFull = open.length === places;
          const result = await infer(one.kind).catch((error: unknown) => error as { readonly code?: string });
          expect("code" in result && result.code === "overloaded").toBe(isFull);
          if ("type" in result && result.type === "generation")
            open.push({ iterator: result.events[Symbol.asyncIterator]() });
          continue;
        }
        const at = one.which % Math.max(1, open.length);
        const stream = open[at];
        if (stream === undefined) continue;
        if (one.type === "leave") {
          await stream.iterator.return?.();
          end(at);
        } else {
          const result = await stream.iterator.next().catch(() => ({ done: true }));
          if (result.done) end(at);
        }
      }
      expect(most()).toBeLessThanOrEqual(places);
      for (const { iterator } of open) await iterator.return?.();
      for (let place = 0; place < places; place++) expect((await infer("stream")).type).toBe("generation");
    }),
    { numRuns: 100 },
  );
});
