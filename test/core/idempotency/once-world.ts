/** An API whose processes share records and the logs of streams, with a model that is told what to say and when. */
import { createMemoryFrameLog } from "../../../core/caching/memory-frame-log.ts";
import type { FarthingError } from "../../../core/errors.ts";
import { createMemoryAnswerObjects, createMemoryOnceStore } from "../../../core/idempotency/memory-once-store.ts";
import { createOnce } from "../../../core/idempotency/once.ts";
import type { OnceStore } from "../../../core/idempotency/once-record.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { usageLineSchema } from "../../../core/metering/usage-line-schema.ts";
import { openai } from "../../../core/protocols/openai/openai.ts";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";
import { createApi } from "../../../core/serving/api.ts";
import type { Api } from "../../../core/serving/api-dependencies.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import { virtualTime } from "../caching/virtual-time.ts";
import { digestOf, modelOf, reaching, requestTo, versionOf } from "../serving/world.ts";
import { knownCaller } from "../tenants/known-caller.ts";

const MODEL = modelOf({
  name: "m",
  versions: [
    {
      ...versionOf(digestOf("a")),
      task: "text-generation",
      price: { usdPerThousandOutputTokens: 1 },
    },
  ],
});

export interface Asked {
  readonly key?: string;
  readonly fields?: object;
  readonly tenant?: string;
  readonly waitMillis?: number;
}

export function onceWorld(options: {
  readonly model: (starts: number) => AsyncIterable<GenerationEvent>;
  readonly frames?: boolean;
}) {
  const time = virtualTime();
  const { clock } = time;
  const records = createMemoryOnceStore();
  const objects = createMemoryAnswerObjects();
  const frames = options.frames === false ? undefined : createMemoryFrameLog(clock);
  const lines: UsageLine[] = [];
  const faults: FarthingError[] = [];
  let starts = 0;
  let tokens = 0;
  let requests = 0;

  /** `alive`: when it says no, nothing of what the process does from then on happens. */
  function process(alive = () => true, store: OnceStore = records): { ask(asked?: Asked): Promise<HttpResponse> } {
    const forever = new Promise<never>(() => {});
    const living = <T extends object>(parts: T): T =>
      new Proxy(parts, {
        get: (target, name, receiver) => {
          const member: unknown = Reflect.get(target, name, receiver);
          if (typeof member !== "function") return member;
          return (...rest: unknown[]) => (alive() ? Reflect.apply(member, target, rest) : forever);
        },
      });
    const emitUsage = (line: UsageLine): void => {
      if (alive()) lines.push(usageLineSchema.parse(line) as UsageLine);
    };
    const apiOf = (tenant: string): Api =>
      createApi({
        protocols: [openai],
        authenticator: { authenticate: () => knownCaller({ tenant }) },
        ...reaching(
          {
            local: {
              group: "small",
              target: {
                ...{ kind: "function", name: "function", onPremises: false, hasCopies: false },
                infer: async () => ({ type: "generation", events: options.model(++starts) }),
                ready: async () => {},
              },
            },
          },
          createRegistryView({ get: async () => MODEL, list: async () => [MODEL] }, clock.epochMillis),
          clock,
        ),
        once: createOnce({
          store: living(store),
          objects,
          frames: frames && living(frames),
          clock,
          newToken: () => `token-${++tokens}`,
          behind: () => {},
          emitUsage,
          onFailed: () => {},
        }),
        deployment: "small",
        emitUsage,
        reportFault: (error) => faults.push(error),
      });
    return {
      ask({ key = "k", fields = {}, tenant = "acme", waitMillis = 120_000 } = {}) {
        const body = Buffer.from(
          JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], ...fields }),
        );
        return apiOf(tenant)(requestTo("/v1/chat/completions", { body, headers: { "idempotency-key": key } }), {
          requestId: `r${++requests}`,
          deadlineMillis: clock.epochMillis() + waitMillis,
          coldStart: false,
        });
      },
    };
  }

  return { time, clock, records, lines, faults, process, starts: () => starts };
}

export const slept = (millis: number, after: (millis: number, callback: () => void) => unknown): Promise<void> =>
  new Promise((resolve) => void after(millis, resolve));

/** Collects while it comes. */
export function reading(response: HttpResponse): { text(): string; readonly ended: Promise<string> } {
  let text = "";
  const { body } = response;
  async function collect(): Promise<string> {
    if (typeof body === "string") text = body;
    else if (body instanceof Uint8Array) text = Buffer.from(body).toString();
    else for await (const chunk of body) text += Buffer.from(chunk).toString();
    return text;
  }
  return { text: () => text, ended: collect() };
}

/** What a reader of the stream sees: the words, and the code of the error at its end. */
export function read(text: string): {
  readonly words: string;
  readonly error: string | undefined;
  readonly done: boolean;
} {
  let words = "";
  let error: string | undefined;
  for (const line of text.split("\n\n")) {
    if (!line.startsWith("data: {")) continue;
    const data = JSON.parse(line.slice(6));
    error ??= data.error?.code;
    words += data.choices?.[0]?.delta?.content ?? "";
  }
  return { words, error, done: text.includes("data: [DONE]") };
}
