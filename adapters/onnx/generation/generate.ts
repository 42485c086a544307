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
import type { DurationLaw } from "../batching/duration-law.ts";
import type { CausalGraph, Reading } from "./causal-graph.ts";
import type { KeptReadings } from "./kept-readings.ts";
import { logProbabilities } from "./log-probabilities.ts";
import { lookahead } from "./lookahead.ts";
import type { PromptTokens } from "./prompt-tokens.ts";
import { seededNumbers, seedOf, seedOfText } from "./random-numbers.ts";
import { createSampler } from "./sampler.ts";
import type { Steadiness } from "./steadiness.ts";
import { createTextOutput } from "./text-output.ts";

export interface GenerationParts {
  readonly graph: CausalGraph;
  /** Special tokens left out. */
  decode(ids: readonly number[]): string;
  /** One token, as it reads in the middle of a text. */
  spell(id: number): string;
  readonly ends: ReadonlySet<number>;
  readonly clock: Clock;
  /**
   * Steady runs (steady-attention.ts) also for greedy texts. By default those are, token for token, what a loop over ONNX
   * Runtime gives that reads one token at a time; where two tokens are all but equally likely a steady run may prefer the other.
   */
  readonly alwaysSteady: boolean;
  readonly kept: KeptReadings;
  /** What runs of this model have shown so far. */
  readonly steadiness: Steadiness;
  readonly law: DurationLaw;
}

export async function* generate(
  request: GenerationInference,
  prompts: readonly PromptTokens[],
  parts: GenerationParts,
  context: InferenceContext,
): AsyncGenerator<GenerationEvent> {
  const { graph, clock, kept, law, steadiness } = parts;
  const isSteady = !graph.canBeSteady || parts.alwaysSteady || request.sampling.temperature > 0;
  const inputTokens = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  let cachedInputTokens = 0;
  let outputTokens = 0;
  let inferenceMillis = 0;

  async function timed<T>(tokens: number, run: () => Promise<T>): Promise<T> {
    if (context.signal?.aborted) throw cancelled();
    if (clock.epochMillis() >= context.deadlineMillis) throw deadlineExceeded();
    const started = clock.monotonicMillis();
    const result = await run();
    const millis = clock.monotonicMillis() - started;
    law.observe(tokens, millis);
    inferenceMillis += millis;
    return result;
  }

  for (const [position, prompt] of prompts.entries()) {
    const reading = begin(prompt.ids);
    let held: readonly number[] = prompt.ids.slice(0, reading.length);
    try {
      const unread = prompt.ids.slice(reading.length);
      cachedInputTokens += reading.length;
      const logits = await timed(unread.length, () => reading.read(unread));
      held = prompt.ids;
      const endOfPrompt = reading.mark();
      reading.setSteady(isSteady);
      if (position === 0) yield { type: "start", inputTokens };
      for (let number = 0; number < request.choices; number++) {
        const choice = position * request.choices + number;
        yield { type: "text-start", choice };
        reading.returnTo(endOfPrompt);
        const said: number[] = [];
        try {
          // A sampler changes the logits that it is given, and every choice starts from the same ones.
          for await (const event of continuation(choice, prompt, { reading, first: logits.slice(), said })) {
            outputTokens += event.outputTokens;
            yield event;
          }
        } finally {
          if (isAsInPrompts()) held = [...prompt.ids, ...said];
        }
      }
      if (steadiness.known === undefined) {
        held = prompt.ids;
        await steadiness.find(reading, prompt.ids, logits);
      }
    } finally {
      end(reading, held);
    }
  }
  yield { type: "finish", usage: { inputTokens, cachedInputTokens, outputTokens, inferenceMillis } };

  /** Whether what the answer left in the cache is what the same tokens leave when they come in a prompt. */
  function isAsInPrompts(): boolean {
    return (steadiness.known === "same" && isSteady) || steadiness.known === "close";
  }

  function begin(ids: readonly number[]): Reading {
    const mayReuse = context.tenant !== undefined && (steadiness.known === "same" || steadiness.known === "close");
    return (mayReuse ? kept.take(context.tenant, ids) : undefined) ?? graph.start();
  }

  /** `held`: what `reading` must hold; it has less after an error. */
  function end(reading: Reading, held: readonly number[]): void {
    if (context.tenant === undefined || reading.length < held.length) return reading.release();
    reading.cutTo(held.length);
    kept.keep(context.tenant, held, reading);
  }

  /** `said`: gets the tokens that were read again. */
  async function* continuation(
    choice: number,
    { ids, limit }: PromptTokens,
    { reading, first, said }: { readonly reading: Reading; readonly first: Float32Array; readonly said: number[] },
  ) {
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

    const steps = lookahead({
      prompt: ids,
      reading,
      readEach: (tokens) => timed(tokens.length, () => reading.readEach(tokens)),
      mayReadAhead: steadiness.known === "same" && isSteady,
      law,
    });
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
      logits = await steps.after(token, limit - made - 1);
      said.push(token);
    }
    const rest = output.end();
    if (rest.text !== "" || rest.tokens.length > 0) yield delta(rest.text, rest.tokens);
    yield { type: "text-finish", choice, reason, outputTokens: untold } as const;
  }
}

const cancelled = (): FarthingError =>
  new FarthingError("cancelled", "The caller went away before the answer was complete.");
