import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import { readProperties } from "../resource-properties.ts";
import type {
  AccessControl,
  Credentials,
  Network,
  NetworkPlace,
  ResolvedResource,
  Simulator,
  SimulatorContext,
} from "../simulator.ts";
import { createElastiCacheApi } from "./api.ts";
import { type CacheMetrics, createCacheMetrics } from "./cache-metrics.ts";
import { type CacheProcess, openCacheProcess } from "./cache-process.ts";
import { arnOf, type ElastiCacheFacts, type UsageLimits } from "./caches.ts";
import { accessKeyOf, refusalOf } from "./connect-token.ts";
import { cacheProperties, groupProperties, userProperties } from "./definitions.ts";
import { makeCertificate } from "./own-certificate.ts";

export interface ElastiCacheDependencies {
  readonly access: Pick<AccessControl, "callerOf" | "evaluate"> & {
    credentialsOf(accessKeyId: string): Credentials | undefined;
  };
  /** What leads functions to caches. Default: all caches are public, and reached. */
  readonly network?: Pick<Network, "pathToCache">;
  /** Gets what caches measure. */
  readonly metrics: MetricRecorder;
  /** `redis://host:port` of a running Valkey or Redis. Default: one is started where it is installed, else the embedded one serves. */
  readonly serverUrl?: string | undefined;
}

export interface ElastiCacheSimulator extends Simulator {
  /** Tells CloudWatch what was used since it last did, as it does by itself once a minute. */
  publishMetrics(): Promise<void>;
  /** File with the certificate of every cache here, for clients to trust; undefined while there is none. */
  certificateFile(): string | undefined;
}

/** As the service measures. */
const METRICS_MILLIS = 60_000;

/** Serverless caches: real logins over TLS, and a real Valkey behind them where there is one. */
export function createElastiCacheSimulator(
  context: SimulatorContext,
  { access, network, metrics, serverUrl }: ElastiCacheDependencies,
): ElastiCacheSimulator {
  const { accountId, region, clock, emit } = context;
  const facts: ElastiCacheFacts = { accountId, region, clock, caches: new Map(), users: new Map(), groups: new Map() };
  const running = new Map<CacheProcess, CacheMetrics>();
  let publishing: NodeJS.Timeout | undefined;
  let certificateFile: string | undefined;

  function userArn(groupId: string, name: string): string | undefined {
    const user = [...facts.users.values()].find((candidate) => candidate.name === name);
    return user && facts.groups.get(groupId)?.userIds.includes(user.id) ? user.arn : undefined;
  }

  async function createCache(resource: ResolvedResource) {
    const properties = readProperties(resource, cacheProperties);
    const { ServerlessCacheName: name, UserGroupId: groupId, CacheUsageLimits: limits } = properties;
    if (!facts.groups.has(groupId)) throw new Error(`${name}: there is no user group "${groupId}"`);
    const place = placeOf(properties);
    const pair = await makeCertificate(Date.now());
    const arn = arnOf(facts, "serverlesscache", name);
    const used = createCacheMetrics(name, metrics, clock);
    const cache = await openCacheProcess({
      ...pair,
      serverUrl,
      onUse: used.count,
      isReachedBy: (token) => isReached(name, place, accessKeyOf(token)),
      refusalOf: (user, token) =>
        refusalOf(user, token, { access, clock, cache: { name, arn }, userArn: (asked) => userArn(groupId, asked) }),
      onRefused: (reason) => emit({ type: "access-denied", message: `cache ${name}: ${reason}` }),
    });
    running.set(cache, used);
    certificateFile = trustToo(pair.certificate);
    facts.caches.set(name, {
      name,
      arn,
      description: properties.Description,
      majorEngineVersion: properties.MajorEngineVersion,
      userGroupId: groupId,
      port: cache.port,
      createdAtMillis: clock(),
      changedAtMillis: Number.NEGATIVE_INFINITY,
      limits: limitsOf(limits),
    });
    emit({ type: "progress", step: "cache is up", detail: `${name}, ${cache.what}` });
    const address = { "Endpoint.Address": "127.0.0.1", "Endpoint.Port": String(cache.port) };
    return { ref: name, attributes: { ARN: arn, ...address } };
  }

  function isReached(cache: string, place: NetworkPlace | undefined, accessKeyId: string): boolean {
    const caller = access.callerOf(accessKeyId);
    // A person at the machine is anywhere; who is nobody is refused later.
    if (network === undefined || caller?.type !== "role") return true;
    const path = network.pathToCache(caller.function?.network, place);
    if (path.type !== "none") return true;
    emit({
      type: "unreachable",
      message: `cache ${cache} is called by ${caller.sessionName}: ${path.why}; it gets no answer`,
    });
    return false;
  }

  function trustToo(certificate: string): string {
    const folder = join(context.stateDirectory, "elasticache");
    const file = join(folder, "certificates.pem");
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, certificate, { flag: certificateFile === undefined ? "w" : "a" });
    return file;
  }

  async function publishMetrics(): Promise<void> {
    for (const [cache, used] of running) await used.publish(cache);
  }

  return {
    certificateFile: () => certificateFile,
    publishMetrics,
    resources: {
      "AWS::ElastiCache::User": {
        honoured: Object.keys(userProperties.shape),
        ignored: { Tags: "no policy here compares tags" },
        async create(resource) {
          const { UserId: id, UserName: name, AccessString } = readProperties(resource, userProperties);
          if (id !== name) throw new Error(`user "${id}": IAM logins need UserName to be UserId; received "${name}"`);
          const arn = arnOf(facts, "user", id);
          facts.users.set(id, { id, name, arn, accessString: AccessString });
          return { ref: id, attributes: { Arn: arn, Status: "active" } };
        },
      },
      "AWS::ElastiCache::UserGroup": {
        honoured: Object.keys(groupProperties.shape),
        ignored: { Tags: "no policy here compares tags" },
        async create(resource) {
          const { UserGroupId: id, UserIds } = readProperties(resource, groupProperties);
          const unknown = UserIds.find((user) => !facts.users.has(user));
          if (unknown !== undefined) throw new Error(`user group "${id}": there is no user "${unknown}"`);
          const arn = arnOf(facts, "usergroup", id);
          facts.groups.set(id, { id, arn, userIds: UserIds });
          return { ref: id, attributes: { Arn: arn, Status: "active" } };
        },
      },
      "AWS::ElastiCache::ServerlessCache": {
        honoured: Object.keys(cacheProperties.shape),
        ignored: { Tags: "no policy here compares tags" },
        create: createCache,
      },
    },
    service: createElastiCacheApi(facts),
    async start() {
      publishing = setInterval(() => void publishMetrics(), METRICS_MILLIS);
    },
    async stop() {
      clearInterval(publishing);
      const open = [...running.keys()];
      running.clear();
      await Promise.all(open.map((cache) => cache.close()));
    },
  };
}

/** Undefined: at a public address. Throws where a template says both, or neither. */
function placeOf(properties: ReturnType<typeof cacheProperties.parse>): NetworkPlace | undefined {
  const { ServerlessCacheName: name, ConnectionType, SubnetIds, SecurityGroupIds } = properties;
  const isInside = SubnetIds !== undefined && SecurityGroupIds !== undefined;
  if (isInside && ConnectionType === undefined) return { subnetIds: SubnetIds, securityGroupIds: SecurityGroupIds };
  if (ConnectionType === "public" && SubnetIds === undefined && SecurityGroupIds === undefined) return undefined;
  throw new Error(
    `${name}: either ConnectionType is "public", or SubnetIds and SecurityGroupIds say where the cache is`,
  );
}

type TemplateLimits = ReturnType<typeof cacheProperties.parse>["CacheUsageLimits"];

function limitsOf({ DataStorage, ECPUPerSecond }: TemplateLimits): UsageLimits {
  const range = (limits: { readonly Minimum?: number | undefined; readonly Maximum?: number | undefined } = {}) => ({
    ...(limits.Minimum !== undefined && { minimum: limits.Minimum }),
    ...(limits.Maximum !== undefined && { maximum: limits.Maximum }),
  });
  return { dataStorage: range(DataStorage), ecpuPerSecond: range(ECPUPerSecond) };
}
