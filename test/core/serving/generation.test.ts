/** Text on its way from a target to a caller: status, price, usage line, deadline, and callers who leave. */
import { FarthingError } from "../../../core/errors.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { usageLineSchema } from "../../../core/metering/usage-line-schema.ts";
import { openai } from "../../../core/protocols/openai/openai.ts";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";
import { createApi } from "../../../core/serving/api.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import { HELLO } from "../protocols/openai/generation/generation-fixture.ts";
import { knownCaller } from "../tenants/known-caller.ts";
import { digestOf, fakeClock, modelOf, reaching, requestTo, versionOf } from "./world.ts";

const DIGEST = digestOf("a");
const MODEL = modelOf({
  name: "m",
  versions: [
    { ...versionOf(DIGEST), task: "text-generation", price: { usdPerRequest: 0.001, usdPerThousandOutputTokens: 1 } },
  ],
});
const LIMIT_MILLIS = 1_000;

function world(
  events: (time: ReturnType<typeof fakeClock>) => AsyncIterable<GenerationEvent>,
  options: { readonly heartbeatMillis?: number } = {},
) {
  const lines: UsageLine[] = [];
  const faults: FarthingError[] = [];
  const time = fakeClock();
  const api = createApi({
    protocols: [openai],
    authenticator: { authenticate: () => knownCaller() },
    ...reaching(
      {
        local: {
          group: "small",
          target: {
            kind: "function",
            name: "function",
            onPremises: false,
            hasCopies: false,
            infer: async () => ({ type: "generation", events: events(time) }),
            ready: async () => {},
          },
        },
      },
      createRegistryView({ get: async () => MODEL, list: async () => [MODEL] }, time.clock.epochMillis),
      time.clock,
    ),
    ...options,
    deployment: "small",
    emitUsage: (line) => lines.push(usageLineSchema.parse(line) as UsageLine),
    reportFault: (error) => faults.push(error),
  });
  const ask = (fields: object) => {
    const body = Buffer.from(JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], ...fields }));
    const deadlineMillis = time.clock.epochMillis() + LIMIT_MILLIS;
    return api(requestTo("/v1/chat/completions", { body }), { requestId: "r", deadlineMillis, coldStart: false });
  };
  return { ask, lines, faults, time };
}

const saying = (events: readonly GenerationEvent[], thenFails?: Error) =>
  async function* () {
    yield* events;
    if (thenFails !== undefined) throw thenFails;
  };
const reader = ({ body }: HttpResponse) => (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
const restOf = async (chunks: AsyncIterator<Uint8Array>): Promise<string> => {
  let text = "";
  for (let next = await chunks.next(); !next.done; next = await chunks.next())
    text += Buffer.from(next.value).toString();
  return text;
};

test("a whole answer has its price in a header, and its usage line before it leaves", async () => {
  const { ask, lines } = world(saying(HELLO));
  const response = await ask({});
  expect(response).toMatchObject({
    status: 200,
    headers: { "x-farthing-price-usd": "0.004", "x-farthing-target": "function" },
  });
  expect(lines).toMatchObject([{ status: 200, inputTokens: 5, outputTokens: 3, priceUsd: 0.004, inferenceMillis: 2 }]);
});

test("a stream has its price in its last chunk, the same as in the usage line, which comes before the last byte", async () => {
  const { ask, lines } = world(saying(HELLO));
  const response = await ask({ stream: true, stream_options: { include_usage: true } });
  expect(response.headers).not.toHaveProperty("x-farthing-price-usd");
  const chunks = reader(response);
  let text = "";
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    text += Buffer.from(next.value).toString();
    if (text.includes("[DONE]")) expect(lines).toHaveLength(1);
  }
  expect(text).toContain('"x_farthing":{"price_usd":"0.004"}');
  expect(lines).toMatchObject([
    {
      status: 200,
      outputTokens: 3,
      priceUsd: 0.004,
      responseBytes: Buffer.byteLength(text),
      route: "/v1/chat/completions",
    },
  ]);
});

test("no token waits for the next one", async () => {
  const more = Promise.withResolvers<void>();
  const { ask } = world(async function* () {
    yield* HELLO.slice(0, 3);
    await more.promise;
    yield* HELLO.slice(3);
  });
  const chunks = reader(await ask({ stream: true }));
  await chunks.next();
  expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toContain('"Hel"');
  more.resolve();
  expect(await restOf(chunks)).toContain("[DONE]");
});

test("what fails before the first event still has a status, in a stream as in a whole answer", async () => {
  const tooLong = new FarthingError("invalid_field", "Too long.", { field: "messages" });
  for (const stream of [false, true]) {
    const { ask, lines, faults } = world(saying([], tooLong));
    expect(await ask({ stream })).toMatchObject({ status: 400, body: expect.stringContaining("Too long.") });
    expect(lines).toMatchObject([{ status: 400, error: "invalid_field", priceUsd: 0 }]);
    expect(faults).toEqual([]);
  }
});

test("what fails later is the last event of the stream, told once; what was delivered is charged", async () => {
  const broken = new FarthingError("dependency_unavailable", "It broke off.");
  const { ask, lines, faults } = world(saying(HELLO.slice(0, 4), broken));
  const response = await ask({ stream: true });
  expect(response.status).toBe(200);
  expect(await restOf(reader(response))).toMatch(/data: \{"error":\{"message":"It broke off\."[^\n]*\n\n$/);
  expect(lines).toMatchObject([
    { status: 503, error: "dependency_unavailable", delivered: true, priceUsd: 0.003, inputTokens: 5, outputTokens: 2 },
  ]);
  expect(faults).toEqual([broken]);
});

test("a whole answer that fails is told once, too", async () => {
  const broken = new FarthingError("dependency_unavailable", "It broke off.");
  const { ask, lines, faults } = world(saying(HELLO.slice(0, 4), broken));
  expect((await ask({})).status).toBe(503);
  expect(lines).toMatchObject([{ status: 503, error: "dependency_unavailable", priceUsd: 0 }]);
  expect(faults).toEqual([broken]);
});

test("a model that falls silent is left at the deadline, with the protocol's own error", async () => {
  const { ask, lines, time } = world(async function* () {
    yield* HELLO.slice(0, 3);
    await new Promise(() => {});
  });
  const chunks = reader(await ask({ stream: true }));
  await chunks.next();
  await chunks.next();
  const last = chunks.next();
  await new Promise((resolve) => setImmediate(resolve));
  time.pass(LIMIT_MILLIS);
  expect(Buffer.from((await last).value as Uint8Array).toString()).toContain('"code":"deadline_exceeded"');
  expect(await restOf(chunks)).toBe("");
  expect(lines).toMatchObject([{ status: 504, error: "deadline_exceeded", delivered: true, priceUsd: 0.002 }]);
});

test("a caller who leaves stops the work, and pays for what was made", async () => {
  let isOver = false;
  const { ask, lines } = world(async function* () {
    try {
      yield* HELLO;
    } finally {
      isOver = true;
    }
  });
  const chunks = reader(await ask({ stream: true }));
  await chunks.next();
  await chunks.next();
  await chunks.return?.();
  expect(isOver).toBe(true);
  expect(lines).toMatchObject([{ status: 200, inputTokens: 5, outputTokens: 1, priceUsd: 0.002 }]);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The first half, then a silence that the test ends by letting time pass. */
async function* slowly(time: ReturnType<typeof fakeClock>) {
  yield* HELLO.slice(0, 3);
  await new Promise<void>((resolve) => void time.clock.after(250, resolve));
  yield* HELLO.slice(3);
}

test("a stream that pauses gets comments, which its usage line does not count", async () => {
  const { ask, lines, time } = world(slowly, { heartbeatMillis: 100 });
  const reading = restOf(reader(await ask({ stream: true })));
  for (let tenth = 0; tenth < 30; tenth++) {
    await turn();
    time.pass(10);
  }
  const text = await reading;
  expect(text.match(/^:$/gm)).toHaveLength(2);
  expect(text).toContain("[DONE]");
  expect(lines).toMatchObject([{ status: 200, outputTokens: 3, priceUsd: 0.004 }]);
  expect(lines[0]?.responseBytes).toBe(Buffer.byteLength(text) - 2 * ":\n\n".length);
});

test("a buffered answer that takes long begins with white space, and is charged as ever", async () => {
  const { ask, lines, time } = world(slowly, { heartbeatMillis: 100 });
  const answering = ask({});
  for (let tenth = 0; tenth < 12; tenth++) {
    await turn();
    time.pass(10);
  }
  const response = await answering;
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  const reading = restOf(reader(response));
  for (let tenth = 0; tenth < 20; tenth++) {
    await turn();
    time.pass(10);
  }
  const text = await reading;
  expect(text).toMatch(/^ +\{/);
  expect(JSON.parse(text)).toMatchObject({ object: "chat.completion", usage: { completion_tokens: 3 } });
  expect(lines).toMatchObject([{ status: 200, outputTokens: 3, priceUsd: 0.004 }]);
});
