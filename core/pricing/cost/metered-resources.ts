/** The resources of an environment that CloudWatch measures for its bill, by their names in the account. */
import type { DeployedStack } from "../deployed-stack.ts";
import { propertyAt, type TemplateResource } from "../template.ts";

export interface MeteredResources {
  readonly tables: readonly string[];
  readonly buckets: readonly MeteredBucket[];
  readonly caches: readonly string[];
  readonly logGroups: readonly string[];
  readonly endpoints: readonly MeteredEndpoint[];
  readonly apis: readonly string[];
  readonly functions: readonly MeteredFunction[];
}

export interface MeteredBucket {
  readonly name: string;
  /** Id of its request metrics; undefined: its requests are not counted. */
  readonly requestFilter: string | undefined;
}

export interface MeteredEndpoint {
  readonly name: string;
  readonly variant: string;
  /** The type that is asked for first; an endpoint with several may run on another. */
  readonly instanceType: string;
  readonly models: readonly string[];
}

export interface MeteredFunction {
  readonly name: string;
  /** As usage lines call it; undefined: no serving function. */
  readonly deployment: string | undefined;
}

export function meteredResources(stacks: readonly DeployedStack[]): MeteredResources {
  const all = stacks.flatMap(({ template, resources }) =>
    resources.flatMap(({ logicalId, type, physicalId }) => {
      const resource = template.Resources?.[logicalId];
      return resource === undefined ? [] : [{ type, physicalId, resource, template }];
    }),
  );
  const named = (...types: readonly string[]) => all.filter(({ type }) => types.includes(type));
  const names = (...types: readonly string[]) => named(...types).map(({ physicalId }) => physicalId);
  const functions = named("AWS::Lambda::Function");
  const modelsOn = endpointModels(functions.map(({ resource }) => resource));
  return {
    tables: names("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"),
    buckets: named("AWS::S3::Bucket").map(({ physicalId: name, resource }) => ({
      name,
      requestFilter: wholeBucketFilter(resource),
    })),
    caches: names("AWS::ElastiCache::ServerlessCache"),
    logGroups: names("AWS::Logs::LogGroup"),
    endpoints: named("AWS::SageMaker::Endpoint").flatMap(({ physicalId, resource, template }) => {
      const name = physicalId.slice(physicalId.lastIndexOf("/") + 1);
      const config = template.Resources?.[referenceOf(propertyAt(resource, "EndpointConfigName"))];
      return variantsOf(config).map((variant) => ({
        name,
        variant: String(propertyAt(variant, "VariantName")),
        instanceType: firstInstanceType(variant),
        models: modelsOn.get(name) ?? [],
      }));
    }),
    apis: named("AWS::ApiGateway::RestApi").map(({ resource }) => String(propertyAt(resource, "Name"))),
    functions: functions.map(({ physicalId: name, resource }) => {
      const deployment = propertyAt(resource, "Environment", "Variables", "FARTHING_DEPLOYMENT");
      return { name, deployment: typeof deployment === "string" ? deployment : undefined };
    }),
  };
}

/** Endpoint → its models, as the router is told of them (infra/endpoint-routes.ts). Names of endpoints are lower case in ARNs. */
function endpointModels(functions: readonly TemplateResource[]): ReadonlyMap<string, readonly string[]> {
  const models = new Map<string, string[]>();
  const add = (endpoint: string | undefined, model: string): void => {
    if (endpoint !== undefined) models.set(endpoint, [...(models.get(endpoint) ?? []), model]);
  };
  for (const resource of functions) {
    const routes = propertyAt(resource, "Environment", "Variables", "FARTHING_ENDPOINTS");
    if (typeof routes !== "string") continue;
    for (const [model, route] of Object.entries(JSON.parse(routes) as Readonly<Record<string, Route>>)) {
      add(route.endpoint, model);
      add(route.asynchronous?.endpoint, model);
    }
  }
  return models;
}

interface Route {
  readonly endpoint?: string;
  readonly asynchronous?: { readonly endpoint?: string };
}

/** Filters by prefix or tag would leave requests out. */
function wholeBucketFilter(bucket: TemplateResource): string | undefined {
  const filters = propertyAt(bucket, "MetricsConfigurations");
  for (const filter of Array.isArray(filters) ? (filters as readonly Readonly<Record<string, unknown>>[]) : []) {
    if (Object.keys(filter).length === 1 && typeof filter.Id === "string") return filter.Id;
  }
  return undefined;
}

const variantsOf = (config: TemplateResource | undefined): readonly TemplateResource[] => {
  const variants = config && propertyAt(config, "ProductionVariants");
  return (Array.isArray(variants) ? variants : []).map((Properties: Readonly<Record<string, unknown>>) => ({
    Type: "",
    Properties,
  }));
};

function firstInstanceType(variant: TemplateResource): string {
  const pools = propertyAt(variant, "InstancePools");
  const [first] = Array.isArray(pools) ? (pools as readonly { readonly InstanceType?: unknown }[]) : [];
  return String(propertyAt(variant, "InstanceType") ?? first?.InstanceType ?? "");
}

/** Logical id behind `Ref` or `Fn::GetAtt`. */
function referenceOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const { Ref, "Fn::GetAtt": attribute } = value as { readonly Ref?: string; readonly "Fn::GetAtt"?: unknown };
  return Ref ?? (Array.isArray(attribute) ? String(attribute[0]) : "");
}
