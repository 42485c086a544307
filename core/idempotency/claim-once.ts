/** Who runs a request: the one whose record is there first. */

import { FarthingError } from "../errors.ts";
import { fingerprintOf, onceName } from "./idempotency-key.ts";
import type { OnceCall, OnceDependencies, Run } from "./once-call.ts";
import { ALIVE_MILLIS, type EndedRecord, KEPT_MILLIS, type OnceRecord, type RunningRecord } from "./once-record.ts";
import { createRun } from "./run.ts";
import { dependencyUnavailable } from "./unavailable.ts";

export type Claimed =
  | { readonly type: "run"; readonly run: Run }
  | { readonly type: "repeat"; readonly record: RunningRecord | EndedRecord };

/** Others may free and take the key in between; nobody does so for long. */
const ATTEMPTS = 8;

export async function claimOnce(call: OnceCall, dependencies: OnceDependencies): Promise<Claimed> {
  const { store, clock } = dependencies;
  const name = onceName(call.tenant, call.route, call.key);
  const token = dependencies.newToken();
  const fingerprint = fingerprintOf(call.request);
  const claim = (): RunningRecord => {
    const nowMillis = clock.epochMillis();
    return {
      state: "running",
      token,
      fingerprint,
      requestId: call.requestId,
      streams: call.streams,
      expiresAtMillis: nowMillis + KEPT_MILLIS,
      aliveUntilMillis: nowMillis + ALIVE_MILLIS,
    };
  };
  let record = claim();
  let failure: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      record = claim();
      if ((await store.create(name, record, clock.epochMillis())) === "written") return won(record);
      failure = undefined;
    } catch (error) {
      // Written or not: the same claim again is the same claim.
      if (failure !== undefined) break;
      failure = error;
    }
    let found: OnceRecord | undefined;
    try {
      found = await store.read(name);
    } catch (error) {
      if (failure !== undefined) break;
      failure = error;
      continue;
    }
    if (found?.token === token && found.state === "running") return won(found);
    if (found === undefined || found.state === "free" || found.expiresAtMillis <= clock.epochMillis()) continue;
    if (found.fingerprint !== fingerprint) throw keyReused();
    return { type: "repeat", record: found };
  }
  // It may have been written all the same: with nobody behind it, it would be taken for a request that died.
  dependencies.behind(store.replace(name, { ...record, state: "free" }, { token }).catch(() => {}));
  throw dependencyUnavailable(failure);

  function won(running: RunningRecord): Claimed {
    return { type: "run", run: createRun(name, running, call, dependencies) };
  }
}

const keyReused = (): FarthingError =>
  new FarthingError(
    "idempotency_key_reused",
    "This Idempotency-Key came before with another request; a request that differs in address or body needs a key of its own.",
    { field: "Idempotency-Key" },
  );
