import type { GenerationInference, TokenLogprob } from "../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../core/protocols/spec/sampling.ts";
import type { InferenceContext } from "../../core/serving/target.ts";
import type { Task } from "./tasks/task.ts";

const CONTEXT: InferenceContext = { requestId: "comparison", deadlineMillis: Number.POSITIVE_INFINITY };

/** Always the likeliest token: one that reads the prompt, the others from what is in the cache. */
export const shortGeneration = (maxTokens: number): GenerationInference => ({
  type: "generation",
  prompts: [{ type: "text", text: "Hello" }],
  choices: 1,
  maxTokens,
  sampling: GREEDY,
  stop: [],
});

/** Do two forms of a model go on from a word in the same way? Throws when `before` does not generate. */
export async function generatesAlike(before: Task, after: Task): Promise<boolean> {
  const [expected, received] = [await tokensOf(before), await tokensOf(after)];
  if (expected.length !== received.length) return false;
  return expected.every(({ text, logprob }, at) => {
    const other = received[at] as TokenLogprob;
    return text === other.text && Math.abs(logprob - other.logprob) <= LOGPROBS_WITHIN;
  });
}

const TOKENS = 8;
const LOGPROBS_WITHIN = 1e-4;

async function tokensOf(model: Task): Promise<readonly TokenLogprob[]> {
  const result = await model.infer({ ...shortGeneration(TOKENS), topLogprobs: 0 }, CONTEXT);
  if (result.type !== "generation") throw new Error(`the model answered ${result.type} to a generation`);
  const tokens: TokenLogprob[] = [];
  for await (const event of result.events) if (event.type === "text-delta") tokens.push(...(event.tokens ?? []));
  return tokens;
}
