import { deployedFunctions } from "../deployed-functions.ts";
import { idleCost } from "../deployment-cost.ts";
import type { PriceBook } from "../price-book.ts";
import { resourcesOf, type Template } from "../template.ts";
import type { DeploymentFacts } from "./billed-hour.ts";

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
    idleUsdPerMonth: idleCost(templates, book).usdPerMonth,
  };
}
