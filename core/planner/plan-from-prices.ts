/**
 * A plan without gaps: what `plans/<env>.json` says, and for the rest what the price book says. Four rules, each in a file of
 * its own: instance types by memory fit and price per token, idle time-outs by rent or buy, provisioned concurrency above its
 * break-even use, and as many copies as the configuration allows. No clock, no randomness: the same book gives the same plan.
 */
import type { EndpointCard } from "../models/endpoint-card.ts";
import type { PriceBook } from "../pricing/price-book.ts";
import { INSTANCE_TYPES } from "./accelerators.ts";
import { chooseInstances, type InstanceChoice } from "./choose-instances.ts";
import { type IdlingInstance, idleTimeOutSeconds } from "./idle-time-out.ts";
import type { EndpointPlan, FunctionPlan, PlanSchedule } from "./plan.ts";
import { type ExpectedTraffic, provisionedConcurrency, trackedUse } from "./provisioned-concurrency.ts";

/** Copies that a model may have where nobody says otherwise: one, so that the bill has an end. */
const DEFAULT_MAX_COPIES = 1;
/** Share of a copy's slots in use from which on another copy is started; the rest is for what comes until that one answers. */
const TARGET_SLOT_USE = 0.7;

export interface CompleteEndpointPlan {
  /** First choice first; each holds at least one copy of every model. */
  readonly instances: readonly InstanceChoice[];
  readonly maxInstances: number;
  /** In the order of the cards. */
  readonly models: readonly CompleteModelPlan[];
}

export interface CompleteModelPlan {
  readonly name: string;
  readonly minCopies: number;
  readonly maxCopies: number;
  readonly targetConcurrency: number;
  readonly idleTimeOutSeconds: number;
  readonly schedules: readonly PlanSchedule[];
}

export interface EndpointFacts {
  /** Name of the endpoint, for messages. */
  readonly name: string;
  readonly cards: readonly EndpointCard[];
  readonly router: Pick<IdlingInstance, "routerMemoryMb" | "routerArchitecture">;
}

/** Throws an Error in words: no type is large enough, one in the plan is not, or the plan names a model that is not there. */
export function completeEndpointPlan(
  facts: EndpointFacts,
  plan: EndpointPlan | undefined,
  book: PriceBook,
): CompleteEndpointPlan {
  const { cards, name, router } = facts;
  for (const model of Object.keys(plan?.models ?? {})) {
    if (cards.some((card) => card.name === model)) continue;
    const there = cards.map((card) => card.name).join(", ");
    throw new Error(`the plan has a model "${model}" on the endpoint "${name}", which holds ${there}`);
  }
  const instances = plan?.instanceTypes
    ? plan.instanceTypes.map((type) => planned(type, cards, book))
    : chooseInstances(cards, book);
  const usdPerHour = instances[0]?.usdPerHour ?? 0;
  const models = cards.map((card) => {
    const copies = plan?.models[card.name];
    const wakeUp = { seconds: card.wake.seconds, heldCallers: card.wake.maxHeld };
    return {
      name: card.name,
      minCopies: copies?.min ?? 0,
      maxCopies: copies?.max ?? DEFAULT_MAX_COPIES,
      targetConcurrency: copies?.targetConcurrency ?? Math.max(1, TARGET_SLOT_USE * card.serving.concurrency),
      idleTimeOutSeconds: copies?.idleTimeOutSeconds ?? idleTimeOutSeconds(wakeUp, { usdPerHour, ...router }, book),
      schedules: copies?.schedules ?? [],
    };
  });
  return { instances, models, maxInstances: plan?.maxInstances ?? instancesFor(models, instances) };
}

/** As many as the most copies of all models take, on the type that has the fewest GPUs for them. */
function instancesFor(models: readonly CompleteModelPlan[], instances: readonly InstanceChoice[]): number {
  const needed = instances.map((choice) => {
    const gpus = INSTANCE_TYPES.find(({ name }) => name === choice.instanceType)?.accelerators ?? 1;
    const used = models.reduce((sum, { maxCopies }, index) => {
      // A copy does not span instances: what is left over on one instance stays empty.
      const perInstance = Math.floor(gpus / (choice.models[index]?.tensorParallel ?? 1));
      return sum + (maxCopies * gpus) / perInstance;
    }, 0);
    return Math.ceil(used / gpus);
  });
  return Math.max(1, ...needed);
}

/** One type that the plan names, with the same refusals as if it had been chosen. */
function planned(type: string, cards: readonly EndpointCard[], book: PriceBook): InstanceChoice {
  const usdPerHour = book.sagemakerHour[type];
  if (typeof usdPerHour !== "number") throw new Error(`the price book has no "${type}" in sagemakerHour`);
  const sagemakerHour = { src: book.sagemakerHour.src, [type]: usdPerHour } as PriceBook["sagemakerHour"];
  const [choice] = chooseInstances(cards, { ...book, sagemakerHour });
  if (choice === undefined) throw new Error(`${type} of the plan cannot be used`);
  return choice;
}

export interface CompleteFunctionPlan {
  readonly memoryMb: number;
  readonly reservedConcurrency: number | undefined;
  /** Undefined: all on demand. */
  readonly provisioned: CompleteProvisioning | undefined;
}

export interface CompleteProvisioning {
  readonly min: number;
  readonly max: number;
  readonly targetUse: number;
  readonly schedules: readonly PlanSchedule[];
}

export interface FunctionFacts {
  readonly memoryMb: number;
  readonly architecture: "x86_64" | "arm64";
  readonly reservedConcurrency: number | undefined;
  /** Undefined: nobody knows, and nothing is provisioned. */
  readonly expectedTraffic: ExpectedTraffic | undefined;
}

export function completeFunctionPlan(
  facts: FunctionFacts,
  plan: FunctionPlan | undefined,
  book: PriceBook,
): CompleteFunctionPlan {
  const { architecture, expectedTraffic } = facts;
  const reservedConcurrency = plan?.reservedConcurrency ?? facts.reservedConcurrency;
  const targetUse = trackedUse(book, architecture);
  const common = { memoryMb: plan?.memoryMb ?? facts.memoryMb, reservedConcurrency };
  if (plan?.provisionedConcurrency !== undefined) {
    const provisioned = { targetUse, ...defined(plan.provisionedConcurrency) };
    return { ...common, provisioned: provisioned.max === 0 ? undefined : provisioned };
  }
  const paying = expectedTraffic === undefined ? 0 : provisionedConcurrency(expectedTraffic, book, architecture);
  // Lambda takes provisioned environments out of the reserved ones.
  const min = Math.min(paying, reservedConcurrency ?? paying);
  return { ...common, provisioned: min === 0 ? undefined : { min, max: min, targetUse, schedules: [] } };
}

const defined = ({ targetUse, ...rest }: NonNullable<FunctionPlan["provisionedConcurrency"]>) => ({
  ...rest,
  ...(targetUse !== undefined && { targetUse }),
});
