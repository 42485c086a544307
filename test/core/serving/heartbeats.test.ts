import fc from "fast-check";
import { FarthingError } from "../../../core/errors.ts";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import { patientJson, withHeartbeats } from "../../../core/serving/heartbeats.ts";

const INTERVAL = 100;

/** A clock that the test sets forward; what is due is called, and what follows from it is waited for. */
function handClock() {
  let now = 0;
  const due = new Set<{ readonly at: number; readonly callback: () => void }>();
  const clock: Clock = {
    epochMillis: () => now,
    monotonicMillis: () => now,
    after(millis, callback) {
      const timer = { at: now + millis, callback };
      due.add(timer);
      return () => void due.delete(timer);
    },
  };
  async function pass(millis: number): Promise<void> {
    for (const end = now + millis; ; ) {
      await settled();
      const [next] = [...due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) {
        now = end;
        return;
      }
      now = next.at;
      due.delete(next);
      next.callback();
      await settled();
    }
  }
  return { clock, pass, timers: () => due.size };
}

const settled = async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function* at(clock: Clock, parts: readonly (readonly [waits: number, text: string])[]) {
  for (const [waits, text] of parts) {
    await new Promise<void>((resolve) => void clock.after(waits, resolve));
    yield Buffer.from(text);
  }
}

function read(response: HttpResponse) {
  const received: string[] = [];
  const over = (async () => {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) received.push(Buffer.from(chunk).toString());
  })();
  return { received, over };
}

const events = (body: AsyncIterable<Uint8Array>): HttpResponse => ({
  status: 200,
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  body,
});

test("a stream of events gets a comment for every interval of silence, and only between events", async () => {
  const { clock, pass, timers } = handClock();
  const parts = [
    [250, "data: 1\n\n"],
    [50, "data: 2"],
    [350, "\n\n"],
    [120, "data: 3\n\n"],
  ] as const;
  const { received, over } = read(withHeartbeats(events(at(clock, parts)), { intervalMillis: INTERVAL, clock }));
  await pass(1000);
  await over;
  expect(received).toEqual([":\n\n", ":\n\n", "data: 1\n\n", "data: 2", "\n\n", ":\n\n", "data: 3\n\n"]);
  expect(timers()).toBe(0);
});

test("nothing of the stream is lost or changed, whatever its pace", async () => {
  const part = fc.tuple(fc.integer({ min: 1, max: 350 }), fc.string({ minLength: 1, maxLength: 5 }));
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      const { clock, pass } = handClock();
      const sent = parts.map(([waits, text]) => [waits, `data: ${text.replaceAll(/[\n:]/g, "")}\n\n`] as const);
      const { received, over } = read(withHeartbeats(events(at(clock, sent)), { intervalMillis: INTERVAL, clock }));
      await pass(6 * 350);
      await over;
      expect(received.filter((chunk) => chunk !== ":\n\n")).toEqual(sent.map(([, text]) => text));
      const silences = parts.reduce((sum, [waits]) => sum + Math.ceil(waits / INTERVAL) - 1, 0);
      expect(received.length - sent.length).toBeGreaterThanOrEqual(silences);
    }),
    { numRuns: 20 },
  );
});

test("other bodies are left alone", () => {
  const { clock } = handClock();
  const heartbeats = { intervalMillis: INTERVAL, clock };
  const json = { status: 200, headers: { "content-type": "application/json" }, body: "{}" };
  expect(withHeartbeats(json, heartbeats)).toBe(json);
  const binary = { ...events(at(clock, [])), headers: { "content-type": "application/octet-stream" } };
  expect(withHeartbeats(binary, heartbeats)).toBe(binary);
});

test("a reader that leaves stops the stream, also in the middle of a silence", async () => {
  const { clock, pass } = handClock();
  let stopped = false;
  async function* source() {
    try {
      yield Buffer.from("data: 1\n\n");
      await new Promise<void>((resolve) => void clock.after(1000, resolve));
    } finally {
      stopped = true;
    }
  }
  const { body } = withHeartbeats(events(source()), { intervalMillis: INTERVAL, clock });
  const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  await iterator.next();
  const beat = iterator.next();
  await pass(INTERVAL);
  expect(Buffer.from((await beat).value as Uint8Array).toString()).toBe(":\n\n");
  await iterator.return?.();
  await pass(1000);
  expect(stopped).toBe(true);
});

const answerAfter = (clock: Clock, millis: number, outcome: HttpResponse | FarthingError) =>
  new Promise<HttpResponse>((resolve, reject) => {
    clock.after(millis, () => (outcome instanceof FarthingError ? reject(outcome) : resolve(outcome)));
  });
const failed = (error: FarthingError): HttpResponse => ({
  status: error.status,
  headers: {},
  body: `{"error":"${error.code}"}`,
});
const ANSWER: HttpResponse = { status: 200, headers: { "x-a": "1" }, body: '{"id":1}' };

test("a JSON answer that comes in time, or fails in time, is what it would be alone", async () => {
  const { clock, pass, timers } = handClock();
  const heartbeats = { intervalMillis: INTERVAL, clock };
  const quick = patientJson(answerAfter(clock, 90, ANSWER), heartbeats, failed);
  const broken = expect(
    patientJson(answerAfter(clock, 90, new FarthingError("overloaded", "")), heartbeats, failed),
  ).rejects.toMatchObject({ code: "overloaded" });
  await pass(95);
  expect(await quick).toBe(ANSWER);
  await broken;
  expect(await patientJson(ANSWER, heartbeats, failed)).toBe(ANSWER);
  expect(timers()).toBe(0);
});

test.each([
  ["the answer", ANSWER, { id: 1 }],
  ["the error, in the protocol's form", new FarthingError("deadline_exceeded", ""), { error: "deadline_exceeded" }],
])("a late JSON answer is white space and then %s", async (_what, outcome, expected) => {
  const { clock, pass } = handClock();
  const pending = patientJson(answerAfter(clock, 450, outcome), { intervalMillis: INTERVAL, clock }, failed);
  await pass(INTERVAL);
  const response = await pending;
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  const { received, over } = read(response);
  await pass(1000);
  await over;
  expect(received.slice(0, -1)).toEqual([" ", " ", " ", " "]);
  expect(JSON.parse(received.join(""))).toEqual(expected);
});
