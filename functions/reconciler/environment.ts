/** The environment variables of the reconciler, read once. A wrong one stops the deployment at its first start. */
import * as z from "zod/mini";

const schema = z.object({
  FARTHING_USAGE_TABLE: z.string().check(z.minLength(1)),
  FARTHING_TENANTS_TABLE: z.string().check(z.minLength(1)),
});

export interface ReconcilerEnvironment {
  readonly usageTable: string;
  readonly tenantsTable: string;
}

/** Throws an Error that names every variable that is missing. */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): ReconcilerEnvironment {
  const result = z.safeParse(schema, variables);
  if (result.success) {
    return { usageTable: result.data.FARTHING_USAGE_TABLE, tenantsTable: result.data.FARTHING_TENANTS_TABLE };
  }
  const names = result.error.issues.map(({ path }) => path.join("."));
  throw new Error(`The function's environment variables are not valid, missing or empty: ${names.join(", ")}`);
}
