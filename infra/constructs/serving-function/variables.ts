/** The environment variables by which the one serving handler learns which deployment it is (functions/inference/environment.ts). */
export interface DeploymentFacts {
  readonly environment: string;
  /** `router` or the group's name. */
  readonly deployment: string;
  /** Group whose models this deployment holds; undefined: none. */
  readonly group?: string | undefined;
  /** Models to load during init. */
  readonly preload: readonly string[];
  /** Group → function name; only the router forwards. */
  readonly remoteGroups?: Readonly<Record<string, string>> | undefined;
  readonly registryTable: string;
  readonly tenantsTable: string;
  readonly modelBucket: string;
  /** Threads that serve, on managed instances; undefined: on demand. */
  readonly workers?: number | undefined;
}

export function servingVariables(facts: DeploymentFacts): Record<string, string> {
  return {
    FARTHING_ENVIRONMENT: facts.environment,
    FARTHING_DEPLOYMENT: facts.deployment,
    ...(facts.group !== undefined && { FARTHING_MODEL_GROUP: facts.group }),
    ...(facts.preload.length > 0 && { FARTHING_PRELOAD: facts.preload.join(",") }),
    ...(facts.remoteGroups !== undefined && { FARTHING_REMOTE_GROUPS: JSON.stringify(facts.remoteGroups) }),
    FARTHING_REGISTRY_TABLE: facts.registryTable,
    FARTHING_TENANTS_TABLE: facts.tenantsTable,
    FARTHING_MODEL_BUCKET: facts.modelBucket,
    // Lambda's own: without it the runtime starts eight for each vCPU, and each loads the models for itself.
    ...(facts.workers !== undefined && { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(facts.workers) }),
    POWERTOOLS_SERVICE_NAME: `farthing-${facts.deployment}`,
    POWERTOOLS_METRICS_NAMESPACE: "Farthing",
  };
}
