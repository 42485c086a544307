/** A model registry, a target and two protocols as small as can be, for tests of what happens between them. */
import type { FarthingError } from "../../../core/errors.ts";
import type { Admission } from "../../../core/metering/admission.ts";
import { FREE_GRANT } from "../../../core/metering/leases/lease-grant.ts";
import type { ModelRecord, ModelVersion } from "../../../core/models/registry.ts";
import type { Protocol } from "../../../core/protocols/protocol.ts";
import type { HttpRequest } from "../../../core/protocols/spec/http.ts";
import type { WholeResult } from "../../../core/protocols/spec/inference.ts";
import { candidatesFrom } from "../../../core/routing/candidates.ts";
import { routedAnswer } from "../../../core/routing/routed-answer.ts";
import type { Targets } from "../../../core/serving/choose-target.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import type { RegistryView } from "../../../core/serving/registry-view.ts";

export const digestOf = (digit: string): string => digit.repeat(64);

export function versionOf(digest: string): ModelVersion {
  return {
    digest,
    createdAt: "2026-11-24T00:00:00.000Z",
    bytes: 1,
    task: "tensor",
    price: { usdPerRequest: 0.001, usdPerThousandInputTokens: 0.01 },
    signature: { inputs: [], outputs: [] },
  };
}

export function modelOf(overrides: Partial<ModelRecord> = {}): ModelRecord {
  const live = digestOf("a");
  return {
    name: "digits",
    revision: 1,
    group: "small",
    versions: [versionOf(live), versionOf(digestOf("b"))],
    weights: { [live]: 1 },
    live,
    history: [],
    ...overrides,
  };
}

/** A clock that stands still until it is told; what should happen later happens then. */
export function fakeClock(start = 1_800_000_000_000) {
  let now = start;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const clock: Clock = {
    epochMillis: () => now,
    monotonicMillis: () => now - start,
    after(millis, callback) {
      const timer = { at: now + millis, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  return {
    clock,
    timers,
    pass(millis: number) {
      now += millis;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}

export const requestTo = (path: string, overrides: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "POST",
  path,
  query: {},
  headers: {},
  body: Buffer.from("body"),
  ...overrides,
});

export const RESULT: WholeResult = {
  type: "tensors",
  outputs: [],
  usage: { inputTokens: 100, outputTokens: 0, inferenceMillis: 1.23456 },
};

const errorForm = (name: string) => (error: FarthingError) => ({
  status: error.status,
  headers: { "content-type": "text/plain" },
  body: `${name} ${error.code}: ${error.message}`,
});

/** Names the model in its path; the body names the version, when it is one. */
export const first: Protocol = {
  name: "open-inference",
  prefix: "/v2",
  encodeError: errorForm("first"),
  routes: [
    { kind: "document", open: true, method: "GET", path: "/v2", answer: async () => json({ hello: true }) },
    {
      kind: "document",
      open: false,
      method: "GET",
      path: "/v2/models/{name}",
      answer: async ({ name }, catalogue) => json(await catalogue.find(name as string)),
    },
    {
      kind: "document",
      open: false,
      method: "GET",
      path: "/v2/models/{name}/ready",
      async answer({ name }, catalogue) {
        await catalogue.ready(name as string);
        return json({ ready: true });
      },
    },
    {
      kind: "inference",
      method: "POST",
      path: "/v2/models/{name}/infer",
      open: ({ body }, { name }) => {
        const text = Buffer.from(body).toString();
        return {
          model: name as string,
          ...(text.startsWith("version ") && { version: text.slice(8) }),
          decode: () => ({
            request: { type: "tensors", inputs: [] },
            encode: (result) => json({ type: result.type }),
          }),
        };
      },
    },
  ],
};

export const second: Protocol = {
  name: "openai",
  prefix: "/v1",
  encodeError: errorForm("second"),
  routes: [{ kind: "document", open: true, method: "GET", path: "/v1/models", answer: async () => json([]) }],
};

const json = (value: unknown) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** What an API is made of that reaches these targets, and limits nobody. */
export function reaching(targets: Targets, registry: RegistryView, clock: Clock) {
  const answer = routedAnswer({ candidates: candidatesFrom(targets, registry), clock });
  return { registry, targets, answer, clock, admission: NO_LIMITS };
}

/** Of callers without budget and limits. */
export const NO_LIMITS: Admission = { admit: () => FREE_GRANT, settled: () => undefined, close: async () => {} };
