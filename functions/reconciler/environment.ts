/** The environment variables of the reconciler, read once. A wrong one stops the deployment at its first start. */
import * as z from "zod/mini";
import { LINE_COSTS_VARIABLE, type LineCostFacts, parseLineCostFacts } from "../../core/pricing/cost/line-cost.ts";

const schema = z.object({
  FARTHING_ENVIRONMENT: z.string().check(z.minLength(1)),
  FARTHING_USAGE_TABLE: z.string().check(z.minLength(1)),
  FARTHING_TENANTS_TABLE: z.string().check(z.minLength(1)),
  [LINE_COSTS_VARIABLE]: z.string().check(z.minLength(1)),
});

export interface ReconcilerEnvironment {
  /** Its name: `prod`. */
  readonly environment: string;
  readonly usageTable: string;
  readonly tenantsTable: string;
  readonly lineCosts: LineCostFacts;
}

/** Throws an Error that names every variable that is missing. */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): ReconcilerEnvironment {
  const result = z.safeParse(schema, variables);
  if (result.success) {
    return {
      environment: result.data.FARTHING_ENVIRONMENT,
      usageTable: result.data.FARTHING_USAGE_TABLE,
      tenantsTable: result.data.FARTHING_TENANTS_TABLE,
      lineCosts: parseLineCostFacts(result.data[LINE_COSTS_VARIABLE]),
    };
  }
  const names = result.error.issues.map(({ path }) => path.join("."));
  throw new Error(`The function's environment variables are not valid, missing or empty: ${names.join(", ")}`);
}
