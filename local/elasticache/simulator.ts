import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readProperties } from "../resource-properties.ts";
import type { AccessControl, Credentials, ResolvedResource, Simulator, SimulatorContext } from "../simulator.ts";
import { createElastiCacheApi } from "./api.ts";
import { type CacheEndpoint, openCacheEndpoint } from "./cache-endpoint.ts";
import { arnOf, type ElastiCacheFacts, type UsageLimits } from "./caches.ts";
import { refusalOf } from "./connect-token.ts";
import { type DataPlane, openDataPlane } from "./data-plane.ts";
import { cacheProperties, groupProperties, userProperties } from "./definitions.ts";
import { makeCertificate } from "./own-certificate.ts";

export interface ElastiCacheDependencies {
  readonly access: Pick<AccessControl, "callerOf" | "evaluate"> & {
    credentialsOf(accessKeyId: string): Credentials | undefined;
  };
  /** `redis://host:port` of a running Valkey or Redis. Default: one is started where it is installed, else the embedded one serves. */
  readonly serverUrl?: string | undefined;
}

export interface ElastiCacheSimulator extends Simulator {
  /** File with the certificate of every cache here, for clients to trust; undefined while there is none. */
  certificateFile(): string | undefined;
}

/** Serverless caches: real logins over TLS, and a real Valkey behind them where there is one. */
export function createElastiCacheSimulator(
  context: SimulatorContext,
  { access, serverUrl }: ElastiCacheDependencies,
): ElastiCacheSimulator {
  const { accountId, region, clock, emit } = context;
  const facts: ElastiCacheFacts = { accountId, region, caches: new Map(), users: new Map(), groups: new Map() };
  const endpoints: CacheEndpoint[] = [];
  const planes: DataPlane[] = [];
  let certificateFile: string | undefined;

  function userArn(groupId: string, name: string): string | undefined {
    const user = [...facts.users.values()].find((candidate) => candidate.name === name);
    return user && facts.groups.get(groupId)?.userIds.includes(user.id) ? user.arn : undefined;
  }

  async function createCache(resource: ResolvedResource) {
    const properties = readProperties(resource, cacheProperties);
    const { ServerlessCacheName: name, UserGroupId: groupId, CacheUsageLimits: limits } = properties;
    if (!facts.groups.has(groupId)) throw new Error(`${name}: there is no user group "${groupId}"`);
    const [pair, data] = await Promise.all([makeCertificate(Date.now()), openDataPlane(serverUrl, clock)]);
    planes.push(data);
    const arn = arnOf(facts, "serverlesscache", name);
    const endpoint = await openCacheEndpoint({
      ...pair,
      data,
      refusalOf: (user, token) =>
        refusalOf(user, token, { access, clock, cache: { name, arn }, userArn: (asked) => userArn(groupId, asked) }),
      onRefused: (reason) => emit({ type: "access-denied", message: `cache ${name}: ${reason}` }),
    });
    endpoints.push(endpoint);
    certificateFile = trustToo(pair.certificate);
    facts.caches.set(name, {
      name,
      arn,
      description: properties.Description,
      majorEngineVersion: properties.MajorEngineVersion,
      userGroupId: groupId,
      port: endpoint.port,
      createdAtMillis: clock(),
      limits: limitsOf(limits),
    });
    emit({ type: "progress", step: "cache is up", detail: `${name}, ${data.what}` });
    const address = { "Endpoint.Address": "127.0.0.1", "Endpoint.Port": String(endpoint.port) };
    return { ref: name, attributes: { ARN: arn, ...address } };
  }

  function trustToo(certificate: string): string {
    const folder = join(context.stateDirectory, "elasticache");
    const file = join(folder, "certificates.pem");
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, certificate, { flag: certificateFile === undefined ? "w" : "a" });
    return file;
  }

  return {
    certificateFile: () => certificateFile,
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
    async stop() {
      await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
      await Promise.all(planes.splice(0).map((plane) => plane.stop()));
    },
  };
}

type TemplateLimits = ReturnType<typeof cacheProperties.parse>["CacheUsageLimits"];

function limitsOf({ DataStorage, ECPUPerSecond }: TemplateLimits): UsageLimits {
  const range = (limits: { readonly Minimum?: number | undefined; readonly Maximum?: number | undefined } = {}) => ({
    ...(limits.Minimum !== undefined && { minimum: limits.Minimum }),
    ...(limits.Maximum !== undefined && { maximum: limits.Maximum }),
  });
  return { dataStorage: range(DataStorage), ecpuPerSecond: range(ECPUPerSecond) };
}
