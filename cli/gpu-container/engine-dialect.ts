/**
 * What vLLM takes and says beyond OpenAI's API, where our own routes do not: so that who calls the demo container calls it as
 * the engine that it stands for. https://docs.vllm.ai/en/latest/serving/openai_compatible_server/
 */
import type { GenerationEvent } from "../../core/protocols/spec/generation.ts";

type Json = Readonly<Record<string, unknown>>;

/** They steer an engine's cache and queue: there are none here. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(["cache_salt", "priority", "request_id"]);

export interface EngineRequest {
  readonly body: Buffer;
  /** Usage so far in each chunk of a stream (`stream_options.continuous_usage_stats`). */
  readonly continuousUsage: boolean;
}

/** A body that is no JSON object is left for the route to refuse. */
export function readEngineRequest(body: Buffer): EngineRequest {
  let members: Json;
  try {
    members = JSON.parse(body.toString("utf8")) as Json;
  } catch {
    return { body, continuousUsage: false };
  }
  if (typeof members !== "object" || members === null || Array.isArray(members))
    return { body, continuousUsage: false };
  const kept = Object.fromEntries(Object.entries(members).filter(([name]) => !WITHOUT_EFFECT.has(name)));
  const options = kept.stream_options;
  if (typeof options !== "object" || options === null) {
    return { body: Buffer.from(JSON.stringify(kept)), continuousUsage: false };
  }
  const { continuous_usage_stats: continuous, ...others } = options as Json;
  return {
    body: Buffer.from(JSON.stringify({ ...kept, stream_options: others })),
    continuousUsage: continuous === true,
  };
}

interface TokenCounts {
  input: number;
  output: number;
}

/** Events as they are, counted on their way. */
export async function* counted(
  events: AsyncIterable<GenerationEvent>,
  counts: TokenCounts,
): AsyncGenerator<GenerationEvent> {
  for await (const event of events) {
    if (event.type === "start") counts.input = event.inputTokens;
    else if (event.type === "text-delta" || event.type === "text-finish") counts.output += event.outputTokens;
    yield event;
  }
}

const DATA = "data: ";

/** Chunks of a stream with the usage so far, and without comments: an engine sends none. Each chunk is one event. */
export async function* withUsage(
  chunks: AsyncIterable<Uint8Array>,
  counts: Readonly<TokenCounts>,
  continuous: boolean,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const text = Buffer.from(chunk).toString("utf8");
    if (!text.startsWith(DATA)) continue;
    if (!continuous || text.startsWith(`${DATA}[DONE]`)) {
      yield chunk;
      continue;
    }
    const members = JSON.parse(text.slice(DATA.length)) as Json;
    const isWhole = "error" in members || (members.usage !== null && members.usage !== undefined);
    const { input, output } = counts;
    const usage = { prompt_tokens: input, total_tokens: input + output, completion_tokens: output };
    yield isWhole ? chunk : Buffer.from(`${DATA}${JSON.stringify({ ...members, usage })}\n\n`);
  }
}
