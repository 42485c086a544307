/** Requests that wait for a model to wake, as their callers see them, and those that become jobs instead. */
import { FarthingError } from "../../../core/errors.ts";
import type { Job } from "../../../core/jobs/job.ts";
import type { JobDesk, JobOrder } from "../../../core/jobs/job-desk.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { openai } from "../../../core/protocols/openai/openai.ts";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";
import { BetterAsJob } from "../../../core/routing/wake/asleep.ts";
import { createApi } from "../../../core/serving/api.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import type { Work } from "../../../core/serving/work.ts";
import { HELLO } from "../protocols/openai/generation/generation-fixture.ts";
import { knownCaller } from "../tenants/known-caller.ts";
import { digestOf, fakeClock, modelOf, NO_LIMITS, requestTo, versionOf } from "./world.ts";

const HEARTBEAT_MILLIS = 10_000;
const MODEL = modelOf({
  name: "m",
  versions: [{ ...versionOf(digestOf("a")), task: "text-generation", price: { usdPerRequest: 0.001 } }],
});

type Outcome = "wakes" | FarthingError;

/** The model wakes after so many seconds, with that outcome; before it does, the request is held. */
function world(seconds: number, outcome: Outcome) {
  const time = fakeClock();
  const lines: UsageLine[] = [];
  const orders: JobOrder[] = [];
  const answer = async ({ patience, journal }: Work) => {
    patience?.onHold();
    await new Promise<void>((resolve) => void time.clock.after(seconds * 1000, resolve));
    journal.target = "endpoint";
    if (outcome !== "wakes") throw outcome;
    return {
      type: "generation" as const,
      events: (async function* () {
        yield* HELLO;
      })(),
    };
  };
  const job = { id: "job_1", status: "queued", request: { path: "/p" }, notBeforeMillis: 0 } as unknown as Job;
  const desk = {
    async take(order: JobOrder) {
      orders.push(order);
      return job;
    },
  } as unknown as JobDesk;
  const api = createApi({
    protocols: [openai],
    authenticator: { authenticate: () => knownCaller() },
    registry: createRegistryView({ get: async () => MODEL, list: async () => [MODEL] }, time.clock.epochMillis),
    targets: { local: { group: "small", target: undefined as never } },
    answer,
    admission: NO_LIMITS,
    jobs: { desk, callerOf: () => knownCaller() },
    clock: time.clock,
    heartbeatMillis: HEARTBEAT_MILLIS,
    deployment: "router",
    emitUsage: (line) => lines.push(line),
    reportFault: () => {},
  });
  const ask = (fields: object, headers: Record<string, string> = {}) => {
    const body = Buffer.from(JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], ...fields }));
    const deadlineMillis = time.clock.epochMillis() + 600_000;
    const request = requestTo("/v1/chat/completions", { body, headers });
    return api(request, { requestId: "r", deadlineMillis, coldStart: false });
  };
  async function pass(forSeconds: number) {
    for (let step = 0; step < forSeconds; step++) {
      time.pass(1_000);
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    }
  }
  return { ask, pass, lines, orders };
}

function read({ body }: HttpResponse) {
  const seen = { text: "", isOver: false };
  (async () => {
    for await (const chunk of body as AsyncIterable<Uint8Array>) seen.text += Buffer.from(chunk).toString();
    seen.isOver = true;
  })();
  return seen;
}

const failure = () => new FarthingError("model_not_ready", "It did not wake.", { retryAfterSeconds: 9 });

test("who waits for less than a heartbeat gets a status of its own", async () => {
  for (const [outcome, status] of [
    ["wakes", 200],
    [failure(), 503],
  ] as const) {
    const { ask, pass, lines } = world(5, outcome);
    const asked = ask({}, { prefer: "wait=30" });
    await pass(6);
    const response = await asked;
    expect(response.status).toBe(status);
    expect(typeof response.body).toBe("string");
    expect(lines).toMatchObject([{ status }]);
    if (status === 200) expect(response.headers["preference-applied"]).toBe("wait=30");
  }
});

test("JSON: white space while the model wakes, then the answer, and one usage line before its last byte", async () => {
  const { ask, pass, lines } = world(35, "wakes");
  const asked = ask({}, { prefer: "wait=60" });
  await pass(11);
  const response = await asked;
  expect(response).toMatchObject({
    status: 200,
    headers: { "content-type": "application/json", "preference-applied": "wait=60" },
  });
  const seen = read(response);
  await pass(20);
  expect([seen.text.trim(), seen.text.length > 1, lines.length]).toEqual(["", true, 0]);
  await pass(10);
  expect(seen.isOver).toBe(true);
  expect(JSON.parse(seen.text)).toMatchObject({ object: "chat.completion", model: "m" });
  expect(lines).toMatchObject([{ status: 200, priceUsd: 0.001, target: "endpoint" }]);
});

test("a stream: comments while the model wakes, then the events", async () => {
  const { ask, pass, lines } = world(35, "wakes");
  const asked = ask({ stream: true });
  await pass(11);
  const response = await asked;
  expect(response.headers["content-type"]).toContain("text/event-stream");
  const seen = read(response);
  await pass(20);
  expect(seen.text).toMatch(/^(:\n\n){2,}$/);
  await pass(10);
  expect(seen.text.replace(/^(:\n\n)+/, "")).toMatch(/^data: \{.*"model":"m"/);
  expect(seen.text).toMatch(/data: \[DONE\]\n\n$/);
  expect(lines).toMatchObject([{ status: 200, priceUsd: 0.001 }]);
});

test.each([false, true])(
  "it does not wake after all: the error in the answer's own form, free of charge (stream: %s)",
  async (stream) => {
    const { ask, pass, lines } = world(35, failure());
    const asked = ask({ stream });
    await pass(11);
    const response = await asked;
    const seen = read(response);
    await pass(30);
    expect(seen.isOver).toBe(true);
    const document = stream ? /data: (.*)\n\n$/.exec(seen.text)?.[1] : seen.text;
    expect(JSON.parse(document ?? "")).toMatchObject({
      error: { code: "model_not_ready", message: "It did not wake." },
    });
    expect(lines).toMatchObject([{ status: 503, error: "model_not_ready", priceUsd: 0 }]);
  },
);

test("respond-async is a job before any work; a bad request is refused, not taken", async () => {
  const { ask, lines, orders } = world(1, "wakes");
  const response = await ask({}, { prefer: "respond-async", "x-farthing-deadline-ms": "90000" });
  expect(response).toMatchObject({
    status: 202,
    headers: { location: "/v1/jobs/job_1", "retry-after": "1", "preference-applied": "respond-async" },
  });
  expect(orders).toMatchObject([{ model: "m", withinMillis: 90_000 }]);
  expect(lines).toMatchObject([{ status: 202, priceUsd: 0 }]);
  expect((await ask({ messages: "none" }, { prefer: "respond-async" })).status).toBe(400);
  expect(orders).toHaveLength(1);
});

test("what would take longer than the caller waits becomes a job, free of charge until it runs", async () => {
  const better = new FarthingError("model_not_ready", "asleep", { cause: new BetterAsJob("asleep") });
  const { ask, pass, lines, orders } = world(2, better);
  const asked = ask({}, { prefer: "respond-async, wait=2" });
  await pass(3);
  expect(await asked).toMatchObject({ status: 202, headers: { "preference-applied": "respond-async, wait=2" } });
  expect(orders).toHaveLength(1);
  expect(lines).toMatchObject([{ status: 202, priceUsd: 0 }]);
});
