/** The answer to whoever sends a key again. */
import { asFarthingError, FarthingError } from "../errors.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import { deadlineExceeded } from "../serving/deadline.ts";
import { heartbeatsOf, lateJson } from "../serving/heartbeats.ts";
import { createHold, HELD, lateBody } from "../serving/hold.ts";
import { bodyBytes } from "./body-bytes.ts";
import { type OnceName, onceName } from "./idempotency-key.ts";
import { interruptOnce } from "./interrupt-once.ts";
import { keptAnswer, REPLAY_HEADER, replayHeaders } from "./kept-answer.ts";
import type { OnceCall, OnceDependencies } from "./once-call.ts";
import type { EndedRecord, OnceRecord, RunningRecord } from "./once-record.ts";
import { logReader } from "./read-along.ts";
import { interrupted } from "./unavailable.ts";

/** Between two looks at the record; short at first, since most answers are made in moments. */
const FIRST_PAUSE_MILLIS = 25;
const LONGEST_PAUSE_MILLIS = 1_000;

const EVENT_STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" };

/** `free`: the first request was refused before it ran. Throws `deadline_exceeded` and `dependency_unavailable`. */
export async function repeatOnce(
  call: OnceCall,
  found: RunningRecord | EndedRecord,
  dependencies: OnceDependencies,
): Promise<HttpResponse | "free"> {
  const { clock, heartbeatMillis } = dependencies;
  if (found.state !== "running") return ended(found, call, dependencies);
  const heartbeats = heartbeatsOf({ clock, ...(heartbeatMillis !== undefined && { heartbeatMillis }) });
  const hold = createHold(heartbeats);
  hold.onHold();
  const answering = followed(call, found, dependencies);
  const answer = await hold.orHeld(answering);
  if (answer !== HELD) return answer;
  const late = lateBody(
    answering
      .then((response) => {
        if (response === "free") throw notRun();
        return response;
      })
      .catch((error: unknown) => call.failed(asFarthingError(error))),
    call.streams,
  );
  const response = call.streams
    ? { status: 200, headers: EVENT_STREAM_HEADERS, body: late }
    : lateJson(late, heartbeats);
  return { ...response, headers: { ...response.headers, "x-request-id": call.requestId, [REPLAY_HEADER]: "true" } };
}

/** Until there is an answer, or the beginning of one. */
async function followed(
  call: OnceCall,
  running: RunningRecord,
  dependencies: OnceDependencies,
): Promise<HttpResponse | "free"> {
  const { store, clock } = dependencies;
  const name = onceName(call.tenant, call.route, call.key);
  let found: OnceRecord | undefined = running;
  let pause = FIRST_PAUSE_MILLIS;
  for (;;) {
    if (found === undefined || found.state === "free" || found.token !== running.token) return "free";
    if (found.state !== "running") return ended(found, call, dependencies);
    if (found.aliveUntilMillis <= clock.epochMillis()) {
      found = await interruptOnce(name, found, dependencies);
      continue;
    }
    const head = found.streams ? (await logReader(dependencies, running.token)?.all())?.head?.head : undefined;
    if (head !== undefined) {
      return {
        status: head.status,
        headers: replayHeaders(head, call.requestId),
        body: readAlong(call, running, dependencies),
      };
    }
    await pausedUntil(call, dependencies, pause);
    pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 1.5);
    found = await store.read(name);
  }
}

/** What was sent, then what is being sent. Where the log ends too early the record says how it goes on. */
async function* readAlong(
  call: OnceCall,
  running: RunningRecord,
  dependencies: OnceDependencies,
): AsyncGenerator<Uint8Array> {
  const { objects } = dependencies;
  const name = onceName(call.tenant, call.route, call.key);
  const reader = logReader(dependencies, running.token);
  let sent = 0;
  try {
    for (;;) {
      const part = await reader?.next();
      for (const { chunk } of part?.chunks ?? []) {
        sent += chunk.length;
        yield chunk;
      }
      if (part?.ended) return;
      if ((part?.chunks.length ?? 0) > 0) continue;
      const found = await looked(name, running, dependencies);
      if (found === "silent") {
        await pausedUntil(call, dependencies);
        continue;
      }
      if (found === undefined || found.state === "free" || found.token !== running.token) throw interrupted();
      if (found.state !== "running") {
        const kept = await keptAnswer(found.answer, objects);
        // The rest of the same bytes: the log holds what the record holds, as far as both go.
        if (kept !== undefined && kept.body.length > sent) yield kept.body.subarray(sent);
        if (found.state === "interrupted" || kept === undefined) throw interrupted();
        return;
      }
      // A log that is there has waited itself.
      await pausedUntil(call, dependencies, part === undefined ? LONGEST_PAUSE_MILLIS : 0);
    }
  } catch (thrown) {
    yield await bodyBytes(await call.failed(asFarthingError(thrown)));
  }
}

/** The record as it is, or as it becomes when nobody runs the request any more. A store that does not answer may answer later. */
async function looked(
  name: OnceName,
  { token }: RunningRecord,
  dependencies: OnceDependencies,
): Promise<OnceRecord | undefined | "silent"> {
  try {
    const found = await dependencies.store.read(name);
    if (found?.state !== "running" || found.token !== token) return found;
    if (found.aliveUntilMillis > dependencies.clock.epochMillis()) return found;
    return await interruptOnce(name, found, dependencies);
  } catch {
    return "silent";
  }
}

/** Throws `deadline_exceeded`. */
async function pausedUntil(
  { deadlineMillis }: OnceCall,
  dependencies: OnceDependencies,
  millis = LONGEST_PAUSE_MILLIS,
): Promise<void> {
  const left = deadlineMillis - dependencies.clock.epochMillis();
  if (left <= 0) throw deadlineExceeded();
  if (millis > 0) await slept(Math.min(millis, left), dependencies);
}

async function ended(record: EndedRecord, call: OnceCall, { objects }: OnceDependencies): Promise<HttpResponse> {
  const kept = await keptAnswer(record.answer, objects);
  if (kept === undefined) {
    if (record.state === "interrupted") throw interrupted();
    throw answerLost();
  }
  const { head, body } = kept;
  const headers = replayHeaders(head, call.requestId);
  if (record.state === "done") return { status: head.status, headers, body };
  const end = record.streams ? await bodyBytes(await call.failed(interrupted())) : new Uint8Array(0);
  return { status: head.status, headers, body: Buffer.concat([body, end]) };
}

const slept = (millis: number, { clock }: OnceDependencies): Promise<void> =>
  new Promise((resolve) => void clock.after(millis, resolve));

const answerLost = (): FarthingError =>
  new FarthingError(
    "interrupted",
    "The request ran and was charged, but its answer could not be kept; it does not run again under this Idempotency-Key.",
  );

const notRun = (): FarthingError =>
  new FarthingError(
    "dependency_unavailable",
    "The first request with this Idempotency-Key was refused before it ran.",
    {
      retryAfterSeconds: 1,
    },
  );
