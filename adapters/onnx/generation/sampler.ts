/**
 * Which token comes next. The order of the steps is that of Hugging Face's and vLLM's samplers: bias and penalties on the
 * logits, temperature, top-k, top-p among what that left, min-p. Numbers are 64 bits wide from the logits on.
 */
import type { Sampling } from "../../../core/protocols/spec/generation.ts";
import type { RandomNumbers } from "./random-numbers.ts";

export interface Sampler {
  /** `logits` is changed. */
  next(logits: Float32Array): number;
}

/** `prompt`: tokens that the repetition penalty counts too. */
export function createSampler(sampling: Sampling, prompt: readonly number[], random: RandomNumbers): Sampler {
  const adjust = adjustment(sampling, prompt);
  return {
    next(logits) {
      adjust.apply(logits);
      const token = sampling.temperature === 0 ? likeliest(logits) : draw(candidates(logits, sampling), random());
      adjust.remember(token);
      return token;
    },
  };
}

/** Of equals the first, as every reference implementation does. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  let highest = logits[0] as number;
  for (let at = 1; at < logits.length; at++) {
    const logit = logits[at] as number;
    if (logit > highest) {
      highest = logit;
      best = at;
    }
  }
  return best;
}

function adjustment(sampling: Sampling, prompt: readonly number[]) {
  const { repetitionPenalty, frequencyPenalty, presencePenalty } = sampling;
  const biases = Object.entries(sampling.logitBias ?? {}).map(([token, bias]) => [Number(token), bias] as const);
  const repeats = repetitionPenalty !== 1;
  const counts = new Map<number, number>();
  const known = new Set(repeats ? prompt : []);
  return {
    apply(logits: Float32Array): void {
      for (const [token, bias] of biases) add(logits, token, bias);
      for (const token of known) {
        const logit = logits[token];
        // Ids come from callers: one beyond the vocabulary has no logit.
        if (logit !== undefined) logits[token] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
      }
      if (frequencyPenalty === 0 && presencePenalty === 0) return;
      for (const [token, count] of counts) add(logits, token, -(count * frequencyPenalty + presencePenalty));
    },
    remember(token: number): void {
      counts.set(token, (counts.get(token) ?? 0) + 1);
      if (repeats) known.add(token);
    },
  };
}

function add(logits: Float32Array, token: number, amount: number): void {
  const logit = logits[token];
  if (logit !== undefined) logits[token] = logit + amount;
}

/** Tokens that may be drawn, with weights that need not sum to 1. At least one. */
export interface Candidates {
  readonly tokens: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

/** `logits`: adjusted already; `temperature` above 0. */
export function candidates(logits: Float32Array, { temperature, topK, topP, minP }: Sampling): Candidates {
  const highest = logits[likeliest(logits)] as number;
  const weightOf = (logit: number): number => Math.exp((logit - highest) / temperature);
  const isCut = (topK > 0 && topK < logits.length) || topP < 1;
  if (!isCut) {
    const weights = new Float64Array(logits.length);
    for (let token = 0; token < logits.length; token++) {
      const weight = weightOf(logits[token] as number);
      if (weight >= minP) weights[token] = weight;
    }
    return { tokens: indices(logits.length), weights };
  }
  const sorted = sortedHead(logits, { topK, topP, weightOf });
  return cut(sorted, { topP, minP });
}

interface Sorted {
  /** Likeliest first. */
  readonly tokens: readonly number[];
  readonly weights: readonly number[];
  /** Of all tokens that compete, those included that are too unlikely to be listed. */
  readonly total: number;
}

/**
 * As many of the likeliest tokens as the cuts can need, sorted. Sorting a vocabulary of 50,000 would take as long as a
 * decoding step; most of it can be passed over. Tokens below (1 - topP) / n hold less than 1 - topP together, so what
 * reaches topP lies above; with topK, everything below the k-th goes.
 */
function sortedHead(
  logits: Float32Array,
  options: { readonly topK: number; readonly topP: number; readonly weightOf: (logit: number) => number },
): Sorted {
  const { topK, topP, weightOf } = options;
  const limit = topK > 0 && topK < logits.length ? topK : 0;
  if (limit > 0) {
    const tokens = largest(logits, limit);
    const weights = tokens.map((token) => weightOf(logits[token] as number));
    return { tokens, weights, total: weights.reduce((sum, weight) => sum + weight, 0) };
  }
  let total = 0;
  for (let token = 0; token < logits.length; token++) total += weightOf(logits[token] as number);
  const least = ((1 - topP) * total) / logits.length;
  const tokens: number[] = [];
  for (let token = 0; token < logits.length; token++) {
    if (weightOf(logits[token] as number) >= least) tokens.push(token);
  }
  tokens.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  return { tokens, weights: tokens.map((token) => weightOf(logits[token] as number)), total };
}

function cut(sorted: Sorted, { topP, minP }: { readonly topP: number; readonly minP: number }): Candidates {
  const { tokens, weights, total } = sorted;
  let kept = 0;
  let reached = 0;
  // The likeliest stays whatever the cuts say; after it, a token stays if those before it do not yet reach topP.
  while (kept < tokens.length && (kept === 0 || (reached < topP * total && (weights[kept] as number) >= minP))) {
    reached += weights[kept] as number;
    kept++;
  }
  return { tokens: tokens.slice(0, kept), weights: weights.slice(0, kept) };
}

/** The `count` largest, sorted; of equals the first. A heap of that many, its smallest on top. */
export function largest(logits: Float32Array, count: number): number[] {
  const isLess = (a: number, b: number): boolean => {
    const [left, right] = [logits[a] as number, logits[b] as number];
    return left < right || (left === right && a > b);
  };
  const heap: number[] = [];
  const sink = (start: number): void => {
    let at = start;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && isLess(heap[right] as number, heap[left] as number) ? right : left;
      if (!isLess(heap[child] as number, heap[at] as number)) return;
      [heap[at], heap[child]] = [heap[child] as number, heap[at] as number];
      at = child;
    }
  };
  for (let token = 0; token < logits.length; token++) {
    if (heap.length < count) {
      heap.push(token);
      if (heap.length === count) for (let at = (count >> 1) - 1; at >= 0; at--) sink(at);
    } else if (isLess(heap[0] as number, token)) {
      heap[0] = token;
      sink(0);
    }
  }
  return heap.sort((a, b) => (isLess(a, b) ? 1 : -1));
}

/** `uniform`: on [0, 1). */
export function draw({ tokens, weights }: Candidates, uniform: number): number {
  let total = 0;
  for (let at = 0; at < weights.length; at++) total += weights[at] as number;
  let left = uniform * total;
  let last = 0;
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at] as number;
    if (weight === 0) continue;
    last = at;
    left -= weight;
    if (left < 0) break;
  }
  return tokens[last] as number;
}

let known = new Int32Array(0);

/** 0, 1, 2, … as long as the vocabulary; the same array each time. */
function indices(length: number): Int32Array {
  if (known.length !== length) known = Int32Array.from({ length }, (_, at) => at);
  return known;
}
