/**
 * Text generation: the request, and the events that answer it. There is one way for text to flow: a buffered answer is the
 * collected stream.
 */
import type { InferenceUsage } from "./usage.ts";

export interface GenerationInference {
  readonly type: "generation";
  /** Each is continued on its own. */
  readonly prompts: readonly GenerationPrompt[];
  /** Continuations of each prompt. Choice p × `choices` + c is continuation c of prompt p. */
  readonly choices: number;
  /** Most tokens of one choice; absent: as many as the model's context leaves. */
  readonly maxTokens?: number;
  readonly sampling: Sampling;
  /** Texts that end a choice; they are no part of it. */
  readonly stop: readonly string[];
  /** Give the log probability of each token, and this many of the likeliest tokens in its place. Absent: none of it. */
  readonly topLogprobs?: number;
  /** What only generation engines do (vLLM and its like); models in our own process refuse it by name. */
  readonly engine?: EngineWishes;
}

/** At least one member is there. */
export interface EngineWishes {
  readonly tools?: ToolUse;
  /** What the text must be. Absent: any text. */
  readonly outputFormat?: OutputFormat;
  /** Parameters of the engine's own, by their names on the wire (ENGINE_FIELDS); their values are passed on as they came. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface ToolUse {
  readonly tools: readonly ToolDefinition[];
  /** `auto`: the model's choice; `required`: some tool; a name: that one. */
  readonly choice: "auto" | "none" | "required" | { readonly name: string };
  /** Whether one answer may call several. Absent: the engine's own default. */
  readonly parallel?: boolean;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** A JSON schema of an object. Absent: no arguments. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly strict?: boolean;
}

export type OutputFormat =
  | { readonly type: "json-object" }
  | {
      readonly type: "json-schema";
      readonly name: string;
      readonly description?: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean;
    };

export type GenerationPrompt =
  /** Laid out by the model's own chat template. */
  | { readonly type: "chat"; readonly messages: readonly ChatMessage[] }
  | { readonly type: "text"; readonly text: string }
  /** Token ids that the caller made with the model's own tokenizer. */
  | { readonly type: "tokens"; readonly ids: readonly number[] };

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  /** Empty where an assistant only called tools. */
  readonly content: string;
  readonly name?: string;
  /** Of an assistant: what it called. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool's answer: the call that it answers. */
  readonly toolCallId?: string;
  /** Of an assistant: what it thought before it answered. */
  readonly reasoning?: string;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it: it may be invalid. */
  readonly argumentsText: string;
}

/** Applied in this order. */
export interface Sampling {
  /** Added to the logits of these token ids. */
  readonly logitBias?: Readonly<Record<string, number>>;
  /** Divides (or multiplies, where negative) the logits of tokens that prompt or choice hold; 1: none. */
  readonly repetitionPenalty: number;
  /** Taken off a token's logit for each time that the choice holds it; 0: none. */
  readonly frequencyPenalty: number;
  /** Taken off the logit of every token that the choice holds; 0: none. */
  readonly presencePenalty: number;
  /** 0: always the likeliest token. */
  readonly temperature: number;
  /** Only the k likeliest tokens; 0: all. */
  readonly topK: number;
  /** Only the likeliest tokens that together reach this probability; 1: all. */
  readonly topP: number;
  /** Only tokens at least this likely, relative to the likeliest; 0: all. */
  readonly minP: number;
  /** The same seed, request and version give the same text on the same kind of processor; absent: each request its own. */
  readonly seed?: number;
}

export interface GenerationResult {
  readonly type: "generation";
  /**
   * Can be read once. What is wrong with the request is thrown before the first event comes; a reader that stops early
   * (`return`) stops the work.
   */
  readonly events: AsyncIterable<GenerationEvent>;
}

export type GenerationEvent =
  /** The first event: the prompts have been read. */
  | {
      readonly type: "start";
      readonly inputTokens: number;
      /** The engine tells its counts at the end, if at all: this one, and those of the deltas, are ours until then. */
      readonly estimated?: true;
    }
  | { readonly type: "text-start"; readonly choice: number }
  | {
      readonly type: "text-delta";
      readonly choice: number;
      /** Whole characters; may be empty. */
      readonly text: string;
      /** Tokens made since the last event of this choice; what they spell may come later. */
      readonly outputTokens: number;
      /** Of the tokens that `text` completes; present if the request asks for log probabilities. */
      readonly tokens?: readonly TokenLogprobs[];
    }
  /** Thoughts before the answer, of models that keep them apart. */
  | { readonly type: "reasoning-delta"; readonly choice: number; readonly text: string; readonly outputTokens: number }
  /** The choice calls a tool; `call` counts its calls from 0. */
  | {
      readonly type: "tool-call-start";
      readonly choice: number;
      readonly call: number;
      readonly id: string;
      readonly name: string;
      readonly outputTokens: number;
    }
  | {
      readonly type: "tool-call-delta";
      readonly choice: number;
      readonly call: number;
      readonly argumentsText: string;
      readonly outputTokens: number;
    }
  | {
      readonly type: "text-finish";
      readonly choice: number;
      readonly reason: FinishReason;
      readonly outputTokens: number;
    }
  /** The last event. */
  | { readonly type: "finish"; readonly usage: InferenceUsage };

/**
 * `stop`: the model ended, or a stop text came; `length`: `maxTokens` or the context was reached; `tool-calls`: it waits for
 * what its tools answer; `content-filter`: the engine's own filter ended it.
 */
export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter";

export interface TokenLogprob {
  readonly text: string;
  /** UTF-8; absent for tokens that are part of a character. */
  readonly bytes?: readonly number[];
  /** Natural logarithm, of the model's own distribution before `Sampling` changes it. At least LEAST_LOGPROB. */
  readonly logprob: number;
}

export interface TokenLogprobs extends TokenLogprob {
  /** Likeliest first. */
  readonly top: readonly TokenLogprob[];
}

/** What OpenAI says for "as good as impossible": JSON has no infinity. */
export const LEAST_LOGPROB = -9999;
