/** Prompts → events, token by token. Every run of the graph gives the event loop a turn, so that what was said is sent. */
import { FarthingError } from "../../../core/errors.ts";
import type {
  FinishReason,
  GenerationEvent,
  GenerationInference,
  TokenLogprobs,
} from "../../../core/protocols/spec/generation.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import { deadlineExceeded } from "../../../core/serving/deadline.ts";
import type { InferenceContext } from "../../../core/serving/target.ts";
import type { CausalGraph, Reading } from "./causal-graph.ts";
import { logProbabilities } from "./log-probabilities.ts";
import type { PromptTokens } from "./prompt-tokens.ts";
import { seededNumbers, seedOf, seedOfText } from "./random-numbers.ts";
import { createSampler } from "./sampler.ts";
import { createTextOutput } from "./text-output.ts";

export interface GenerationParts {
  readonly graph: CausalGraph;
  /** Special tokens left out. */
  decode(ids: readonly number[]): string;
  /** One token, as it reads in the middle of a text. */
  spell(id: number): string;
  readonly ends: ReadonlySet<number>;
  readonly clock: Clock;
}

export async function* generate(
  request: GenerationInference,
  prompts: readonly PromptTokens[],
  parts: GenerationParts,
  context: InferenceContext,
): AsyncGenerator<GenerationEvent> {
  const { graph, clock } = parts;
  const inputTokens = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  let outputTokens = 0;
  let inferenceMillis = 0;

  async function read(reading: Reading, ids: readonly number[]): Promise<Float32Array> {
    if (context.signal?.aborted) throw cancelled();
    if (clock.epochMillis() >= context.deadlineMillis) throw deadlineExceeded();
    const started = clock.monotonicMillis();
    const logits = await reading.read(ids);
    inferenceMillis += clock.monotonicMillis() - started;
    return logits;
  }

  for (const [position, prompt] of prompts.entries()) {
    const reading = graph.start();
    const logits = await read(reading, prompt.ids);
    const endOfPrompt = reading.mark();
    if (position === 0) yield { type: "start", inputTokens };
    for (let number = 0; number < request.choices; number++) {
      const choice = position * request.choices + number;
      yield { type: "text-start", choice };
      reading.returnTo(endOfPrompt);
      // A sampler changes the logits that it is given, and every choice starts from the same ones.
      for await (const event of continuation(choice, prompt, reading, logits.slice())) {
        outputTokens += event.outputTokens;
        yield event;
      }
    }
  }
  yield { type: "finish", usage: { inputTokens, outputTokens, inferenceMillis } };

  async function* continuation(choice: number, prompt: PromptTokens, reading: Reading, first: Float32Array) {
    const { ids, limit } = prompt;
    const { sampling, topLogprobs } = request;
    const seed = sampling.seed === undefined ? seedOfText(context.requestId) : seedOf(sampling.seed);
    const sampler = createSampler(sampling, ids, seededNumbers(seed, choice));
    const output = createTextOutput(parts.decode, request.stop);
    /** Tokens that no event has told of. */
    let untold = 0;
    const delta = (text: string, tokens: readonly TokenLogprobs[]) => {
      const outputTokens = untold;
      untold = 0;
      const withTokens = topLogprobs === undefined ? {} : { tokens };
      return { type: "text-delta", choice, text, outputTokens, ...withTokens } as const;
    };

    let logits = first;
    let reason: FinishReason = "length";
    for (let made = 1; ; made++) {
      const logprobsOf = topLogprobs === undefined ? undefined : logProbabilities(logits, topLogprobs, parts.spell);
      const token = sampler.next(logits);
      untold++;
      if (parts.ends.has(token)) {
        reason = "stop";
        break;
      }
      const piece = output.push(token, logprobsOf?.(token));
      if (piece.text !== "") yield delta(piece.text, piece.tokens);
      if (piece.stopped) {
        reason = "stop";
        break;
      }
      if (made >= limit) break;
      logits = await read(reading, [token]);
    }
    const rest = output.end();
    if (rest.text !== "" || rest.tokens.length > 0) yield delta(rest.text, rest.tokens);
    yield { type: "text-finish", choice, reason, outputTokens: untold } as const;
  }
}

const cancelled = (): FarthingError =>
  new FarthingError("cancelled", "The caller went away before the answer was complete.");
