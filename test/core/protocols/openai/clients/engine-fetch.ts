/** A `fetch` that ends at our routes, with an engine behind them that says what it is told to: clients and bodies are real. */
import { asFarthingError } from "../../../../../core/errors.ts";
import { openai } from "../../../../../core/protocols/openai/openai.ts";
import type { GenerationEvent, GenerationInference } from "../../../../../core/protocols/spec/generation.ts";
import type { HttpResponse } from "../../../../../core/protocols/spec/http.ts";
import { answeredBy } from "../../fixture-model.ts";
import { decode, GENERATOR, saying, USAGE } from "../generation/generation-fixture.ts";

export interface Engine {
  readonly fetch: typeof globalThis.fetch;
  /** What reached it, decoded. */
  readonly asked: GenerationInference[];
  readonly baseURL: string;
}

/** Answers one turn after the other; the last one again and again. */
export function engine(...turns: readonly (readonly GenerationEvent[])[]): Engine {
  const asked: GenerationInference[] = [];
  return {
    asked,
    baseURL: "http://farthing.test/v1",
    async fetch(input, init) {
      const { pathname } = new URL(input instanceof Request ? input.url : String(input));
      try {
        const decoded = decode(pathname, String(init?.body));
        asked.push(decoded.request);
        const events = turns[Math.min(asked.length, turns.length) - 1] ?? [];
        return toWebResponse(await decoded.encodeEvents(saying(events), answeredBy(GENERATOR)));
      } catch (thrown) {
        return toWebResponse(openai.encodeError(asFarthingError(thrown), "request-1"));
      }
    },
  };
}

function toWebResponse({ status, headers, body }: HttpResponse): Response {
  if (typeof body === "string") return new Response(body, { status, headers });
  if (body instanceof Uint8Array) return new Response(Buffer.from(body), { status, headers });
  return new Response(ReadableStream.from(body as AsyncIterable<Uint8Array>) as ReadableStream, { status, headers });
}

const START: readonly GenerationEvent[] = [
  { type: "start", inputTokens: 5 },
  { type: "text-start", choice: 0 },
];

export const says = (...texts: readonly string[]): readonly GenerationEvent[] => [
  ...START,
  ...texts.map((text): GenerationEvent => ({ type: "text-delta", choice: 0, text, outputTokens: 1 })),
  { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 },
  { type: "finish", usage: USAGE },
];

export const thinks = (thought: string, text: string): readonly GenerationEvent[] => [
  ...START,
  { type: "reasoning-delta", choice: 0, text: thought, outputTokens: 1 },
  ...says(text).slice(2),
];

/** Calls each tool, its arguments in two pieces. */
export const calls = (...tools: readonly (readonly [name: string, args: object])[]): readonly GenerationEvent[] => [
  ...START,
  ...tools.flatMap(([name, args], call): GenerationEvent[] => {
    const json = JSON.stringify(args);
    return [
      { type: "tool-call-start", choice: 0, call, id: `call_${call}`, name, outputTokens: 1 },
      { type: "tool-call-delta", choice: 0, call, argumentsText: json.slice(0, 3), outputTokens: 1 },
      { type: "tool-call-delta", choice: 0, call, argumentsText: json.slice(3), outputTokens: 1 },
    ];
  }),
  { type: "text-finish", choice: 0, reason: "tool-calls", outputTokens: 0 },
  { type: "finish", usage: USAGE },
];

export const messagesOf = (request: GenerationInference | undefined) => {
  const prompt = request?.prompts[0];
  return prompt?.type === "chat" ? prompt.messages : [];
};
