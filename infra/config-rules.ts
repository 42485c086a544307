/** Rules of farthing.config.ts that no single field can show: what must fit together within one environment. */
import type { CacheOptions } from "./cache-options.ts";
import { cacheNetwork } from "./cache-rules.ts";
import type { ConfigProblem } from "./config-problem.ts";
import { MIN_INSTANCE_MEMORY_MB, type Placement, vcpusOf } from "./placement.ts";
import { ROUTER_TIME } from "./router-time.ts";
import { SMALL_FUNCTION_NAMES } from "./small-function-names.ts";
import { upstreamNames } from "./upstream-rules.ts";

/** The part of an environment's options that the rules look at. */
export interface CheckedEnvironment {
  readonly region?: string | undefined;
  readonly domain?: { readonly certificateArn: string } | undefined;
  readonly router: Omit<CheckedFunction, "timeoutSeconds"> & {
    readonly timeoutSeconds?: number | undefined;
    readonly holds?: string | undefined;
  };
  readonly modelGroups: readonly (CheckedFunction & {
    readonly name: string;
    readonly placement: Placement;
    readonly models: readonly string[];
    readonly preload: readonly string[];
  })[];
  readonly endpoints: readonly { readonly name: string; readonly models: readonly string[] }[];
  readonly upstreams: readonly { readonly name: string; readonly url: string }[];
  readonly cache?: Pick<CacheOptions, "network"> | undefined;
}

interface CheckedFunction {
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly reservedConcurrency?: number | undefined;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
export const MAX_API_RESOURCES = 300;
/** `/`, `/v1`, `/v1/{proxy+}`, `/v2`, `/v2/{proxy+}`, `/v2/models`, `/v2/models/{proxy+}`. */
const FIXED_API_RESOURCES = 7;
/** `/v2/models/<name>` and `/v2/models/<name>/{proxy+}`. */
const API_RESOURCES_PER_MODEL = 2;

/** Functions, log groups and registry entries are named after a deployment: these names have theirs. */
const OWN_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ["router", " by the router's own deployment"],
  ...SMALL_FUNCTION_NAMES.map((name) => [name, ` by the function of Farthing's own that is called ${name}`] as const),
]);

export function deploymentProblems(environment: CheckedEnvironment): readonly ConfigProblem[] {
  return [
    ...groupNames(environment),
    ...modelRoutes(environment),
    ...preloads(environment),
    ...heldGroup(environment),
    ...routerTimeout(environment),
    ...certificateRegion(environment),
    ...instances(environment),
    ...endpointNames(environment),
    ...upstreamNames(environment),
    ...cacheNetwork(environment),
  ];
}

function* groupNames({ modelGroups }: CheckedEnvironment): Generator<ConfigProblem> {
  const owners = new Map(OWN_FUNCTIONS);
  for (const [index, { name }] of modelGroups.entries()) {
    const owner = owners.get(name);
    if (owner !== undefined) {
      yield { path: ["modelGroups", index, "name"], message: `"${name}" is taken${owner}; names of groups are unique` };
    }
    owners.set(name, "");
  }
}

function* modelRoutes({ modelGroups }: CheckedEnvironment): Generator<ConfigProblem> {
  const groupOf = new Map<string, string>();
  for (const [index, group] of modelGroups.entries()) {
    for (const [position, model] of group.models.entries()) {
      const other = groupOf.get(model);
      if (other !== undefined) {
        const message = `"${model}" already has its route to group "${other}"; a model lies in one group`;
        yield { path: ["modelGroups", index, "models", position], message };
      }
      groupOf.set(model, group.name);
    }
  }
  const resources = FIXED_API_RESOURCES + API_RESOURCES_PER_MODEL * groupOf.size;
  if (resources > MAX_API_RESOURCES) {
    const most = Math.floor((MAX_API_RESOURCES - FIXED_API_RESOURCES) / API_RESOURCES_PER_MODEL);
    const message = `${groupOf.size} models with routes of their own need ${FIXED_API_RESOURCES} + ${API_RESOURCES_PER_MODEL} × ${groupOf.size} = ${resources} API resources; API Gateway allows ${MAX_API_RESOURCES}, so ${most} models at most (the others are reached through the router)`;
    yield { path: ["modelGroups"], message };
  }
}

function* preloads({ modelGroups }: CheckedEnvironment): Generator<ConfigProblem> {
  for (const [index, group] of modelGroups.entries()) {
    for (const [position, model] of group.preload.entries()) {
      if (group.models.includes(model)) continue;
      const message = `"${model}" is not among the group's models: ${group.models.join(", ") || "(none)"}`;
      yield { path: ["modelGroups", index, "preload", position], message };
    }
  }
}

function* heldGroup({ router, modelGroups }: CheckedEnvironment): Generator<ConfigProblem> {
  if (router.holds === undefined || modelGroups.some(({ name }) => name === router.holds)) return;
  const message = `"${router.holds}" is no model group; there is ${modelGroups.map(({ name }) => name).join(", ")}`;
  yield { path: ["router", "holds"], message };
}

/** A router that gives up before the function it called leaves its caller without that function's answer. */
function* routerTimeout({ router, modelGroups }: CheckedEnvironment): Generator<ConfigProblem> {
  const { timeoutSeconds = ROUTER_TIME.answerSeconds } = router;
  for (const group of modelGroups) {
    if (group.name === router.holds || timeoutSeconds > group.timeoutSeconds) continue;
    const message = `${timeoutSeconds} s is not longer than the ${group.timeoutSeconds} s of group "${group.name}", for whose answer the router waits`;
    yield { path: ["router", "timeoutSeconds"], message };
  }
}

function* certificateRegion({ domain, region }: CheckedEnvironment): Generator<ConfigProblem> {
  const certificateRegion = domain?.certificateArn.split(":")[3];
  if (domain === undefined || region === undefined || certificateRegion === region) return;
  const message = `the certificate is in ${certificateRegion}; a regional endpoint needs one in ${region}`;
  yield { path: ["domain", "certificateArn"], message };
}

/** The registry knows where a model is by one name, of a group or of an endpoint. */
function* endpointNames({ modelGroups, endpoints }: CheckedEnvironment): Generator<ConfigProblem> {
  const names = new Set(["router", ...modelGroups.map(({ name }) => name)]);
  const placeOf = new Map(modelGroups.flatMap(({ name, models }) => models.map((model) => [model, name] as const)));
  for (const [index, { name, models }] of endpoints.entries()) {
    if (names.has(name)) {
      const message = `"${name}" is taken by a model group or another endpoint; names are unique over both`;
      yield { path: ["endpoints", index, "name"], message };
    }
    names.add(name);
    for (const [position, model] of models.entries()) {
      const other = placeOf.get(model);
      if (other !== undefined) {
        yield { path: ["endpoints", index, "models", position], message: `"${model}" is in "${other}" already` };
      }
      placeOf.set(model, name);
    }
  }
}

const MAX_CONCURRENCY_PER_VCPU = 64;

/** What the function of a group on instances may be; the router's options count where the router holds the group. */
function* instances({ router, modelGroups }: CheckedEnvironment): Generator<ConfigProblem> {
  for (const [index, group] of modelGroups.entries()) {
    const { placement, name } = group;
    if (placement.kind !== "managed-instances") continue;
    const isRouter = router.holds === name;
    const [path, { memoryMb, reservedConcurrency }] = isRouter ? [["router"], router] : [["modelGroups", index], group];
    if (memoryMb < MIN_INSTANCE_MEMORY_MB) {
      const message = `${memoryMb} MB is too little on managed instances, which take ${MIN_INSTANCE_MEMORY_MB} MB or more`;
      yield { path: [...path, "memoryMb"], message };
    }
    if (reservedConcurrency !== undefined) {
      const message = "is for functions on demand; on managed instances placement.maxEnvironments is the limit";
      yield { path: [...path, "reservedConcurrency"], message };
    }
    const most = MAX_CONCURRENCY_PER_VCPU * vcpusOf(placement, memoryMb);
    // On one machine no service counts them: streams that wait for an engine cost a connection each, and little else.
    if (placement.workers !== "host" && placement.concurrency > most) {
      const message = `${placement.concurrency} is more than ${MAX_CONCURRENCY_PER_VCPU} for each of the environment's ${most / MAX_CONCURRENCY_PER_VCPU} vCPUs`;
      yield { path: ["modelGroups", index, "placement", "concurrency"], message };
    }
    if (placement.maxEnvironments !== undefined && placement.maxEnvironments < placement.minEnvironments) {
      const message = `${placement.maxEnvironments} is below minEnvironments, which is ${placement.minEnvironments}`;
      yield { path: ["modelGroups", index, "placement", "maxEnvironments"], message };
    }
  }
}
