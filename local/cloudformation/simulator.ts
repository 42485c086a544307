import type { Simulator, SimulatorContext } from "../simulator.ts";
import { createCloudFormationApi } from "./api.ts";
import type { StackView } from "./stack-view.ts";

/** Tells AWS clients of the stacks that the platform runs: the CLI finds a deployment by its outputs, here as in the cloud. */
export function createCloudFormationSimulator(
  context: Pick<SimulatorContext, "accountId" | "region">,
  { view }: { readonly view: StackView },
): Simulator {
  const { accountId, region } = context;
  return {
    // Stacks are loaded by the platform itself; nested ones are listed at start as a type that nobody simulates.
    resources: {},
    service: createCloudFormationApi({ accountId, region, view }),
  };
}
