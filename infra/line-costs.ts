/** What the reconciler is told of the cost of a request: sizes, holders of models, prices. Of the options, as the other stacks take them. */
import { completeEndpointPlan } from "../core/planner/plan-from-prices.ts";
import type { LineCostFacts } from "../core/pricing/cost/line-cost.ts";
import { costRatesOf } from "../core/pricing/request-cost.ts";
import type { Architecture, EnvironmentConfig } from "./config.ts";
import type { LayerPlatform } from "./constructs/onnxruntime-layer/onnxruntime-layer.ts";
import type { Decisions } from "./decisions.ts";

export function lineCosts(config: EnvironmentConfig, decisions: Decisions, host: LayerPlatform): LineCostFacts {
  const { router, modelGroups } = config;
  const architectureOf = (architecture: Architecture): "x86_64" | "arm64" => {
    if (architecture !== "host") return architecture;
    return host.arch === "arm64" ? "arm64" : "x86_64";
  };
  const forwarded = modelGroups.filter(({ name }) => name !== router.holds);
  const held = modelGroups.find(({ name }) => name === router.holds);
  const billed = (size: typeof router | (typeof modelGroups)[number], placement: string | undefined) => ({
    memoryMegabytes: placement === "managed-instances" ? 0 : size.memoryMb,
    architecture: architectureOf(size.architecture),
  });
  return {
    rates: costRatesOf(decisions.priceBook, { firewall: config.waf !== false }),
    functions: Object.fromEntries([
      ["router", billed(router, held?.placement.kind)],
      ...forwarded.map((group) => [group.name, billed(group, group.placement.kind)]),
    ]),
    holders: Object.fromEntries(forwarded.flatMap(({ name, models }) => models.map((model) => [model, name]))),
    ...(forwarded.length === 1 && { onlyGroup: forwarded[0]?.name }),
    endpointHours: Object.fromEntries(config.endpoints.flatMap((endpoint) => hoursOf(endpoint, config, decisions))),
  };
}

function hoursOf(
  { name, models }: EnvironmentConfig["endpoints"][number],
  { router }: EnvironmentConfig,
  { cards, plan, priceBook }: Decisions,
): readonly (readonly [model: string, usdPerHour: number])[] {
  const known = models.map((model) => cards.get(model)).filter((card) => card !== undefined);
  const sizes = {
    routerMemoryMb: router.memoryMb,
    routerArchitecture: router.architecture === "x86_64" ? router.architecture : ("arm64" as const),
  };
  const [first] = completeEndpointPlan(
    { name, cards: known, router: sizes },
    plan.endpoints[name],
    priceBook,
  ).instances;
  const hourly = first && priceBook.sagemakerHour[first.instanceType];
  return typeof hourly === "number" ? models.map((model) => [model, hourly]) : [];
}
