/** A request that runs under a key, seen by the process that runs it. */

import type { HttpResponse } from "../protocols/spec/http.ts";
import { isStream } from "../serving/counted-body.ts";
import { bodyBytes } from "./body-bytes.ts";
import { detachedBody } from "./detached-body.ts";
import { createHeartbeat } from "./heartbeat.ts";
import type { OnceName } from "./idempotency-key.ts";
import { answerObjectName, headOf, keepAnswer, MAX_KEPT_BYTES } from "./kept-answer.ts";
import type { OnceCall, OnceDependencies, Run } from "./once-call.ts";
import type { EndedRecord, RunningRecord } from "./once-record.ts";
import { startLog } from "./stream-log.ts";
import { interrupted } from "./unavailable.ts";

/** A store that does not answer at the end is asked again: this long, beyond what one try takes. */
const END_PAUSES_MILLIS = [200, 1_000];

export function createRun(name: OnceName, running: RunningRecord, call: OnceCall, dependencies: OnceDependencies): Run {
  const { store, clock, objects, frames, onFailed } = dependencies;
  const { token } = running;
  const heartbeat = createHeartbeat(name, running, call, dependencies);

  /** Whether it is this process that ended it. `body`: undefined where it is too large to be kept. */
  async function end(
    state: EndedRecord["state"],
    response: HttpResponse,
    body: Uint8Array | undefined,
  ): Promise<boolean> {
    heartbeat.stop();
    const { aliveUntilMillis: _, line: __, ...base } = running;
    const answer =
      body === undefined
        ? ({ type: "lost" } as const)
        : await keepAnswer(
            { head: headOf(response, call.requestId), body },
            answerObjectName(name.tenant, token),
            objects,
            onFailed,
          );
    const record: EndedRecord = { ...base, state, answer, endedBy: token };
    for (const pause of [...END_PAUSES_MILLIS, 0]) {
      try {
        if ((await store.replace(name, record, { token })) === "written") return true;
        const found = await store.read(name);
        return found !== undefined && found.state !== "running" && found.state !== "free" && found.endedBy === token;
      } catch (error) {
        if (pause === 0) onFailed(error);
        else await new Promise<void>((resolve) => void clock.after(pause, resolve));
      }
    }
    return false;
  }

  async function* recorded(response: HttpResponse, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const log = call.streams && frames ? startLog(frames, token, clock) : undefined;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let isEnded = false;
    const kept = () => (bytes > MAX_KEPT_BYTES ? undefined : Buffer.concat(chunks));
    try {
      await log?.begin(headOf(response, call.requestId), call.made?.());
      for await (const chunk of body) {
        if (heartbeat.isLost()) {
          isEnded = true;
          call.onLost?.();
          yield await bodyBytes(await call.failed(interrupted()));
          return;
        }
        bytes += chunk.length;
        if (bytes <= MAX_KEPT_BYTES) chunks.push(chunk);
        // Before it goes out: whoever reads along later gets at least what the first reader got.
        await log?.add(chunk, call.made?.());
        yield chunk;
      }
      isEnded = true;
      await log?.end();
      // Not ours, or not known to be: what was delivered is charged by whoever ended it, or by nobody.
      if (!(await end("done", response, kept())) && call.streams) call.onLost?.();
    } finally {
      // The source broke off, which it should not: what is in it says so itself.
      if (!isEnded) await end("interrupted", response, kept());
      heartbeat.stop();
    }
  }

  return {
    async release() {
      heartbeat.stop();
      const { aliveUntilMillis: _, line: __, ...base } = running;
      // Not answered: it becomes free, or is taken for interrupted, which is safe.
      await store.replace(name, { ...base, state: "free" }, { token }).catch(() => {});
    },
    async record(response) {
      const { body } = response;
      if (isStream(body)) return { ...response, body: recorded(response, body) };
      // A whole answer is charged by who gives it, whatever became of the record: nobody else delivers a part of it.
      await end("done", response, typeof body === "string" ? Buffer.from(body) : body);
      return response;
    },
    detach: (response) => detachedBody(response, dependencies.behind),
  };
}
