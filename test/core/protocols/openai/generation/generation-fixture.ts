/** A model that says what it is told to, behind the routes for generated text. */

import type { DecodedGeneration, GenerationRoute } from "../../../../../core/protocols/protocol.ts";
import { PROTOCOLS } from "../../../../../core/protocols/protocols.ts";
import type { GenerationEvent } from "../../../../../core/protocols/spec/generation.ts";
import type { HttpResponse } from "../../../../../core/protocols/spec/http.ts";
import { request, versionOf } from "../../fixture-model.ts";

export const GENERATOR = versionOf({ inputs: [], outputs: [] }, "text-generation");

export function generationRoute(path: string): GenerationRoute {
  const route = PROTOCOLS.flatMap(({ routes }) => routes).find((candidate) => candidate.path === path);
  if (route?.kind !== "generation") throw new Error(`no route for generated text ${path}`);
  return route;
}

export const decode = (path: string, body: object | string, version = GENERATOR): DecodedGeneration =>
  generationRoute(path)
    .open(request(typeof body === "string" ? body : JSON.stringify(body)), {})
    .decode(version);

export const USAGE = { inputTokens: 5, outputTokens: 3, inferenceMillis: 2 };

export const HELLO: readonly GenerationEvent[] = [
  { type: "start", inputTokens: 5 },
  { type: "text-start", choice: 0 },
  { type: "text-delta", choice: 0, text: "Hel", outputTokens: 1 },
  { type: "text-delta", choice: 0, text: "lo", outputTokens: 1 },
  { type: "text-finish", choice: 0, reason: "stop", outputTokens: 1 },
  { type: "finish", usage: USAGE },
];

export async function* saying(events: readonly GenerationEvent[], thenFails?: Error): AsyncGenerator<GenerationEvent> {
  yield* events;
  if (thenFails !== undefined) throw thenFails;
}

export async function streamText({ body }: HttpResponse): Promise<string> {
  if (typeof body === "string" || body instanceof Uint8Array) throw new Error("no stream");
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** What lies in the data lines; `[DONE]` is left as it is. */
export const dataOf = (stream: string): unknown[] =>
  stream
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => block.slice("data: ".length))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));
