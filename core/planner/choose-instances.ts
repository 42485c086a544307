/**
 * Which instance types can hold the models of one endpoint, and in which order they are asked for: cheapest per token first.
 * SageMaker gives whole GPUs to a copy, so several models share an instance where their GPUs together are no more than it has.
 */
import type { EndpointCard } from "../models/endpoint-card.ts";
import type { PriceBook } from "../pricing/price-book.ts";
import { ACCELERATORS, type Accelerator, INSTANCE_TYPES, type InstanceType } from "./accelerators.ts";
import { memoryArithmetic, memoryBudget, memoryNeed } from "./memory-fit.ts";
import { tokensPerSecond } from "./speed.ts";

/** https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-heterogeneous.html */
export const MAX_INSTANCE_POOLS = 5;

/**
 * An endpoint that sleeps pays by the hour that it is awake, and rarely has all slots in use: a type that costs so many times
 * what the cheapest costs an hour is no choice, however cheap its tokens are.
 */
export const MAX_HOURLY_PRICE_RATIO = 3;

export interface InstanceChoice {
  readonly instanceType: string;
  readonly usdPerHour: number;
  /** With one copy of each model, all slots in use; a million generated tokens. */
  readonly usdPerMillionTokens: number;
  /** In the order of the cards. */
  readonly models: readonly ModelOnInstance[];
}

export interface ModelOnInstance {
  readonly name: string;
  /** GPUs of one copy. */
  readonly tensorParallel: number;
  readonly tokensPerSecond: number;
}

/** What of an endpoint's card the choice looks at. */
export type ChosenCard = Pick<EndpointCard, "name" | "architecture" | "serving">;

/** At most five, cheapest first. Throws an Error with the arithmetic of the roomiest type where none is large enough. */
export function chooseInstances(cards: readonly ChosenCard[], book: PriceBook): readonly InstanceChoice[] {
  const priced = INSTANCE_TYPES.filter(({ name }) => typeof book.sagemakerHour[name] === "number");
  const choices = priced.flatMap((type) => {
    const choice = choiceOf(cards, type, book);
    return choice === undefined ? [] : [choice];
  });
  if (choices.length === 0) throw new Error(refusal(cards, priced));
  const sorted = choices.sort((a, b) => a.usdPerMillionTokens - b.usdPerMillionTokens || a.usdPerHour - b.usdPerHour);
  const most = MAX_HOURLY_PRICE_RATIO * Math.min(...sorted.map(({ usdPerHour }) => usdPerHour));
  return sorted.filter(({ usdPerHour }) => usdPerHour <= most).slice(0, MAX_INSTANCE_POOLS);
}

function choiceOf(cards: readonly ChosenCard[], type: InstanceType, book: PriceBook): InstanceChoice | undefined {
  const accelerator = ACCELERATORS[type.accelerator];
  const models = cards.map((card) => modelOn(card, accelerator, type.accelerators));
  if (!models.every((model) => model !== undefined)) return undefined;
  const used = models.reduce((sum, { tensorParallel }) => sum + tensorParallel, 0);
  if (used > type.accelerators) return undefined;
  const usdPerHour = book.sagemakerHour[type.name] as number;
  const tokensPerHour = models.reduce((sum, model) => sum + model.tokensPerSecond, 0) * 3600;
  return { instanceType: type.name, usdPerHour, usdPerMillionTokens: (usdPerHour / tokensPerHour) * 1e6, models };
}

/** The fewest GPUs on which the model fits; undefined: it does not, or the GPU lacks its number format. */
function modelOn(card: ChosenCard, accelerator: Accelerator, accelerators: number): ModelOnInstance | undefined {
  if (formatProblem(card, accelerator) !== undefined) return undefined;
  const tensorParallel = divisions(card, accelerators).find(
    (degree) => memoryNeed({ ...card, tensorParallel: degree }).bytes <= memoryBudget(accelerator),
  );
  if (tensorParallel === undefined) return undefined;
  return {
    name: card.name,
    tensorParallel,
    tokensPerSecond: tokensPerSecond({ ...card, tensorParallel }, accelerator),
  };
}

/** Powers of two, as all-reduce kernels want them, by which the attention heads can be divided, as vLLM asks. */
const divisions = ({ architecture }: ChosenCard, accelerators: number): readonly number[] =>
  [1, 2, 4, 8].filter((degree) => degree <= accelerators && architecture.attentionHeads % degree === 0);

/** https://docs.vllm.ai/en/latest/features/quantization/ */
function formatProblem({ serving }: ChosenCard, { computeCapability }: Accelerator): string | undefined {
  if (serving.weightType === "bf16" && computeCapability < 8) return "has no bfloat16";
  if ((serving.weightType === "fp8" || serving.keyValueType === "fp8") && computeCapability < 8.9) return "has no fp8";
  return undefined;
}

function refusal(cards: readonly ChosenCard[], priced: readonly InstanceType[]): string {
  if (priced.length === 0) return "the price book has no instance type with a GPU in sagemakerHour";
  const alone = cards.filter(
    (card) => !priced.some((type) => modelOn(card, ACCELERATORS[type.accelerator], type.accelerators) !== undefined),
  );
  if (alone.length > 0)
    return alone.map((card) => `${card.name} fits on no instance type: ${closest(card, priced)}`).join("\n");
  const least = cards.map(({ name }) => name).join(", ");
  return `no instance type has GPUs for ${least} together; put them on endpoints of their own`;
}

/** The sum for the type that comes closest: it names the number that has to change. */
function closest(card: ChosenCard, priced: readonly InstanceType[]): string {
  const attempts = priced
    .filter((type) => formatProblem(card, ACCELERATORS[type.accelerator]) === undefined)
    .flatMap((type) => divisions(card, type.accelerators).map((tensorParallel) => ({ type, tensorParallel })))
    .map(({ type, tensorParallel }) => {
      const accelerator = ACCELERATORS[type.accelerator];
      const missing = memoryNeed({ ...card, tensorParallel }).bytes - memoryBudget(accelerator);
      return { type, tensorParallel, accelerator, missing };
    })
    .sort((a, b) => a.missing - b.missing);
  const [best] = attempts;
  if (best === undefined) return `none that has a price has ${card.serving.weightType} and its context's number format`;
  const sum = memoryArithmetic({ ...card, tensorParallel: best.tensorParallel }, best.accelerator);
  return `closest is ${best.type.name}, with ${sum}. Lower serving.contextTokens or serving.concurrency, or choose a smaller serving.weightType or keyValueType`;
}
