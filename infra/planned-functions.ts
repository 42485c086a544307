/** The functions of an environment as the plan wants them, or the price book where the plan is silent. */
import { type CompleteProvisioning, completeFunctionPlan } from "../core/planner/plan-from-prices.ts";
import type { EnvironmentConfig, ModelGroupConfig, RouterConfig } from "./config.ts";
import type { Decisions } from "./decisions.ts";
import { routerTimeoutSeconds } from "./router-time.ts";

/** Every size is known. */
export type PlannedConfig = Omit<EnvironmentConfig, "router"> & {
  readonly router: Omit<RouterConfig, "timeoutSeconds"> & { readonly timeoutSeconds: number };
};

export interface PlannedFunctions {
  /** With the plan's memory sizes and reservations. */
  readonly config: PlannedConfig;
  /** Deployment → environments that are kept ready; a function that is not here runs on demand. */
  readonly provisioned: ReadonlyMap<string, CompleteProvisioning>;
}

/** Throws an Error where the plan provisions a function that runs on instances. */
export function plannedFunctions(config: EnvironmentConfig, { plan, priceBook, cards }: Decisions): PlannedFunctions {
  const provisioned = new Map<string, CompleteProvisioning>();
  const onInstances = new Set(
    config.modelGroups.flatMap(({ name, placement }) => {
      if (placement.kind !== "managed-instances") return [];
      return [name === config.router.holds ? "router" : name];
    }),
  );
  const planned = <Options extends RouterConfig | ModelGroupConfig>(name: string, options: Options): Options => {
    const { memoryMb, architecture, reservedConcurrency, expectedTraffic } = options;
    const complete = completeFunctionPlan(
      {
        memoryMb,
        // Where the machine's own stands for it, nothing is billed.
        architecture: architecture === "arm64" ? "arm64" : "x86_64",
        reservedConcurrency,
        expectedTraffic: onInstances.has(name) ? undefined : expectedTraffic,
      },
      plan.functions[name],
      priceBook,
    );
    if (complete.provisioned !== undefined) {
      if (onInstances.has(name)) {
        throw new Error(`the plan provisions "${name}", which runs on instances: its placement says how many are kept`);
      }
      provisioned.set(name, complete.provisioned);
    }
    return {
      ...options,
      memoryMb: complete.memoryMb,
      ...(complete.reservedConcurrency !== undefined && { reservedConcurrency: complete.reservedConcurrency }),
    };
  };
  return {
    config: {
      ...config,
      router: { ...planned("router", config.router), timeoutSeconds: routerTimeoutSeconds(config, cards) },
      modelGroups: config.modelGroups.map((group) =>
        group.name === config.router.holds ? group : planned(group.name, group),
      ),
    },
    provisioned,
  };
}
