/** The environment variables by which the one serving handler learns which deployment it is (functions/inference/environment.ts). */
import type { CostFacts } from "../../../core/pricing/request-pricer.ts";
import type { EndpointRoute } from "../../endpoint-routes.ts";
import type { CacheAddress } from "../../stacks/cache-stack.ts";
import type { UpstreamRoute } from "../../upstream-routes.ts";
import type { WebhookReceiver } from "../../webhook-options.ts";

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
  /** Models on GPU endpoints; only the router calls them. */
  readonly endpoints?: readonly EndpointRoute[] | undefined;
  /** Servers that speak OpenAI's API; only the router calls them. */
  readonly upstreams?: readonly UpstreamRoute[] | undefined;
  /** Receivers of webhooks inside; only the router calls them. */
  readonly webhookReceivers?: readonly WebhookReceiver[] | undefined;
  readonly cache?: CacheAddress | undefined;
  readonly registryTable: string;
  readonly tenantsTable: string;
  /** Only where customers ask for their usage. */
  readonly usageTable: string | undefined;
  /** Only where jobs are taken and models woken. */
  readonly jobsTable: string | undefined;
  /** Requests with an Idempotency-Key, and their answers. */
  readonly requestsTable: string;
  readonly answerBucket: string;
  readonly modelBucket: string;
  /** Only where customers' files are kept. */
  readonly fileBucket: string | undefined;
  /** Silence of an answer under way after which it gives a sign of life; undefined: the code's own default. */
  readonly heartbeatSeconds?: number | undefined;
  /** What requests cost, for cards whose price follows it; undefined: such cards are not served. */
  readonly costs?: CostFacts | undefined;
  /** Threads that serve, on managed instances; undefined: on demand. */
  readonly workers?: number | undefined;
  /** Where models' files stay for the next start; undefined: nowhere. */
  readonly modelCache?: ModelCache | undefined;
}

export interface ModelCache {
  /** Absolute, or below the temporary folder. */
  readonly folder: string;
  readonly megabytes: number;
}

export function servingVariables(facts: DeploymentFacts): Record<string, string> {
  return {
    FARTHING_ENVIRONMENT: facts.environment,
    FARTHING_DEPLOYMENT: facts.deployment,
    ...(facts.group !== undefined && { FARTHING_MODEL_GROUP: facts.group }),
    ...(facts.preload.length > 0 && { FARTHING_PRELOAD: facts.preload.join(",") }),
    ...(facts.remoteGroups !== undefined && { FARTHING_REMOTE_GROUPS: JSON.stringify(facts.remoteGroups) }),
    ...(facts.endpoints !== undefined &&
      facts.endpoints.length > 0 && {
        FARTHING_ENDPOINTS: JSON.stringify(
          Object.fromEntries(facts.endpoints.map(({ model, kmsKeyArn: _, ...route }) => [model, route])),
        ),
      }),
    ...(facts.upstreams !== undefined &&
      facts.upstreams.length > 0 && { FARTHING_UPSTREAMS: JSON.stringify(facts.upstreams) }),
    ...(facts.webhookReceivers !== undefined &&
      facts.webhookReceivers.length > 0 && { FARTHING_WEBHOOK_RECEIVERS: JSON.stringify(facts.webhookReceivers) }),
    ...(facts.cache !== undefined && {
      FARTHING_CACHE: JSON.stringify({
        host: facts.cache.host,
        port: facts.cache.port,
        login: { cache: facts.cache.name, user: facts.cache.name },
      }),
    }),
    FARTHING_REGISTRY_TABLE: facts.registryTable,
    FARTHING_TENANTS_TABLE: facts.tenantsTable,
    ...(facts.usageTable !== undefined && { FARTHING_USAGE_TABLE: facts.usageTable }),
    ...(facts.jobsTable !== undefined && { FARTHING_JOBS_TABLE: facts.jobsTable }),
    FARTHING_REQUESTS_TABLE: facts.requestsTable,
    FARTHING_ANSWER_BUCKET: facts.answerBucket,
    FARTHING_MODEL_BUCKET: facts.modelBucket,
    ...(facts.fileBucket !== undefined && { FARTHING_FILE_BUCKET: facts.fileBucket }),
    ...(facts.heartbeatSeconds !== undefined && { FARTHING_HEARTBEAT_SECONDS: String(facts.heartbeatSeconds) }),
    ...(facts.costs !== undefined && { FARTHING_COSTS: JSON.stringify(facts.costs) }),
    ...(facts.modelCache !== undefined && {
      FARTHING_MODEL_CACHE: facts.modelCache.folder,
      FARTHING_MODEL_CACHE_MEGABYTES: String(facts.modelCache.megabytes),
    }),
    // Lambda's own: without it the runtime starts eight for each vCPU, and each loads the models for itself.
    ...(facts.workers !== undefined && { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(facts.workers) }),
    POWERTOOLS_SERVICE_NAME: `farthing-${facts.deployment}`,
    POWERTOOLS_METRICS_NAMESPACE: "Farthing",
  };
}
