import { deployedFunctions } from "../deployed-functions.ts";
import { idleCost } from "../deployment-cost.ts";
import type { PriceBook } from "../price-book.ts";
import { resourcesOf, type Template } from "../template.ts";
import type { DeploymentFacts } from "./billed-hour.ts";

/** Their hours are measured, the least that is billed while nobody asks included: as idle cost they would count twice. */
const MEASURED_TYPES: ReadonlySet<string> = new Set([
  "AWS::ElastiCache::ServerlessCache",
  "AWS::SageMaker::EndpointConfig",
]);

/** An environment as its templates say it stands there. `holders`: model → deployment, from the registry. */
export function deploymentFacts(
  templates: readonly Template[],
  holders: Readonly<Record<string, string>>,
  book: PriceBook,
): DeploymentFacts {
  return {
    functions: deployedFunctions(templates),
    holders,
    firewall: resourcesOf(templates, "AWS::WAFv2::WebACLAssociation").length > 0,
    idleUsdPerMonth: idleCost(templates.map(withoutMeasured), book).usdPerMonth,
  };
}

const withoutMeasured = ({ Resources = {} }: Template): Template => ({
  Resources: Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => !MEASURED_TYPES.has(Type))),
});
