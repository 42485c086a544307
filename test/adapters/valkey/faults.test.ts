/** A real server that dies, falls silent, is full or flushed, under a cached model: answers go on, and are right. */
import { setTimeout as slept } from "node:timers/promises";
import { systemClock } from "../../../adapters/system-clock.ts";
import { valkeyAnswerStore } from "../../../adapters/valkey/answer-store.ts";
import { createValkeyClient, type ValkeyClient } from "../../../adapters/valkey/client.ts";
import { cachedAnswer } from "../../../core/caching/cached-answer.ts";
import { createStoreBreaker } from "../../../core/caching/store-breaker.ts";
import type { Answer } from "../../../core/serving/work.ts";
import { embeddings, generation, outcomeOf, textOf, workOf } from "../../core/caching/cache-world.ts";
import { describeWithServer, type RealServer, startServer } from "./real-server.ts";

const time = { clock: systemClock, pass: async () => {} };

describeWithServer("a real server", (program) => {
  let server: RealServer;
  let clients: ValkeyClient[] = [];

  afterEach(async () => {
    for (const client of clients) client.close();
    clients = [];
    server.process.kill("SIGCONT");
    await server.stop();
  });

  const model: Answer = async (work) => {
    const usage = { inputTokens: 1, outputTokens: 0, inferenceMillis: 1 };
    if (work.request.type !== "generation") return { type: "embeddings", vectors: [Float32Array.of(7)], usage };
    return {
      type: "generation",
      events: (async function* () {
        yield { type: "start" as const, inputTokens: 1 };
        yield { type: "text-start" as const, choice: 0 };
        for (const text of ["a", "b", "c", "d"]) {
          await slept(30);
          yield { type: "text-delta" as const, choice: 0, text, outputTokens: 1 };
        }
        yield { type: "text-finish" as const, choice: 0, reason: "stop" as const, outputTokens: 0 };
        yield { type: "finish" as const, usage };
      })(),
    };
  };

  function environment() {
    const behind: Promise<unknown>[] = [];
    const client = createValkeyClient({
      address: { host: "127.0.0.1", port: server.port },
      tls: undefined,
      login: undefined,
      clock: systemClock,
    });
    clients.push(client);
    const answer = cachedAnswer(model, {
      clock: systemClock,
      memoryBytes: 1,
      shared: { store: valkeyAnswerStore(client, systemClock), breaker: createStoreBreaker() },
      newToken: () => `${Math.random()}`,
      behind: (work) => behind.push(work),
    });
    async function ask() {
      // Not in the same breath as the one before: that would be one question.
      await slept(5);
      return outcomeOf(answer, workOf({ request: embeddings("q") }, time));
    }
    return { answer, ask, settled: () => Promise.all(behind), client };
  }

  const isRight = { error: undefined, result: { vectors: [Float32Array.of(7)] } };

  test("killed: misses", async () => {
    server = await startServer(program);
    const { ask, settled } = environment();
    await ask();
    await settled();
    expect(await ask()).toMatchObject({ ...isRight, journal: { cache: "hit" } });
    await server.stop();
    for (let i = 0; i < 8; i++) expect(await ask()).toMatchObject({ ...isRight, journal: { cache: "miss" } });
  });

  test("stopped in its tracks: misses, without end", async () => {
    server = await startServer(program);
    const { ask, settled } = environment();
    await ask();
    await settled();
    server.process.kill("SIGSTOP");
    for (let i = 0; i < 8; i++) expect(await ask()).toMatchObject({ ...isRight, journal: { cache: "miss" } });
  });

  test("full: misses", async () => {
    server = await startServer(program, ["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    const { ask, settled } = environment();
    for (let i = 0; i < 3; i++) {
      expect(await ask()).toMatchObject({ ...isRight, journal: { cache: "miss" } });
      await settled();
    }
  });

  test("a stream is read in another process while it is made, and survives a flush in its middle", async () => {
    server = await startServer(program);
    const [maker, reader] = [environment(), environment()];
    const work = () => workOf({ request: generation("tell") }, time);
    const first = outcomeOf(maker.answer, work());
    await slept(45);
    const second = outcomeOf(reader.answer, work());
    await slept(25);
    await reader.client.ask("", ["FLUSHALL"]);
    const outcomes = await Promise.all([first, second]);
    for (const { error, events } of outcomes) expect([error, textOf(events)]).toEqual([undefined, "abcd"]);
    expect(outcomes[1]?.events.map(({ type }) => type)).toEqual(outcomes[0]?.events.map(({ type }) => type));
    await Promise.all([maker.settled(), reader.settled()]);
  });
});
