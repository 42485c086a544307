/** The calls of the API, one row each. https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Operations.html */
import { ServiceError } from "../endpoint/service-error.ts";
import type { XmlElements } from "../endpoint/xml.ts";
import { arnOf, type Cache, type ElastiCacheFacts, type UsageLimits } from "./caches.ts";

export interface ElastiCacheOperation {
  resourceArn(parameters: URLSearchParams, facts: ElastiCacheFacts): string;
  run(parameters: URLSearchParams, facts: ElastiCacheFacts): XmlElements;
}

const LEAST_ECPU = 1_000;
const MOST_ECPU = 15_000_000;
const MOST_GB = 5_000;

const cacheArn = (parameters: URLSearchParams, facts: ElastiCacheFacts): string =>
  arnOf(facts, "serverlesscache", parameters.get("ServerlessCacheName") ?? "*");

export const ELASTICACHE_OPERATIONS: Readonly<Record<string, ElastiCacheOperation>> = {
  DescribeServerlessCaches: {
    resourceArn: cacheArn,
    run(parameters, facts) {
      const name = parameters.get("ServerlessCacheName");
      const found = name === null ? [...facts.caches.values()] : [requireCache(name, facts)];
      return { ServerlessCaches: { member: found.map(describe) } };
    },
  },
  ModifyServerlessCache: {
    resourceArn: cacheArn,
    run(parameters, facts) {
      const cache = requireCache(parameters.get("ServerlessCacheName") ?? "", facts);
      cache.limits = mergedLimits(cache.limits, parameters);
      return { ServerlessCache: describe(cache) };
    },
  },
  DescribeUsers: {
    resourceArn: (parameters, facts) => arnOf(facts, "user", parameters.get("UserId") ?? "*"),
    run(parameters, { users }) {
      const id = parameters.get("UserId");
      const found = [...users.values()].filter((user) => id === null || user.id === id);
      if (id !== null && found.length === 0) throw new ServiceError(404, "UserNotFound", `User ${id} not found.`);
      return {
        Users: {
          member: found.map((user) => ({
            UserId: user.id,
            UserName: user.name,
            Status: "active",
            Engine: "valkey",
            AccessString: user.accessString,
            Authentication: { Type: "iam" },
            ARN: user.arn,
          })),
        },
      };
    },
  },
};

/** A limit that is not named stays. https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyServerlessCache.html */
function mergedLimits(before: UsageLimits, parameters: URLSearchParams): UsageLimits {
  const value = (path: string): number | undefined => {
    const text = parameters.get(`CacheUsageLimits.${path}`);
    return text === null ? undefined : Number(text);
  };
  const merged = (
    kind: "DataStorage" | "ECPUPerSecond",
    old: UsageLimits["dataStorage"],
    least: number,
    most: number,
  ) => {
    const minimum = value(`${kind}.Minimum`) ?? old?.minimum;
    const maximum = value(`${kind}.Maximum`) ?? old?.maximum;
    for (const limit of [minimum, maximum]) {
      if (limit === undefined || (Number.isInteger(limit) && limit >= least && limit <= most)) continue;
      throw invalid(`${kind} must be an integer from ${least} to ${most}; received ${limit}`);
    }
    if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
      throw invalid(`the minimum of ${kind}, ${minimum}, is above its maximum, ${maximum}`);
    }
    return { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
  };
  return {
    dataStorage: merged("DataStorage", before.dataStorage, 1, MOST_GB),
    ecpuPerSecond: merged("ECPUPerSecond", before.ecpuPerSecond, LEAST_ECPU, MOST_ECPU),
  };
}

const invalid = (message: string) => new ServiceError(400, "InvalidParameterValue", message);

function requireCache(name: string, { caches }: ElastiCacheFacts): Cache {
  const cache = caches.get(name);
  if (cache !== undefined) return cache;
  throw new ServiceError(404, "ServerlessCacheNotFoundFault", `ServerlessCache ${name} not found.`);
}

const describe = (cache: Cache): XmlElements => ({
  ServerlessCacheName: cache.name,
  Description: cache.description,
  CreateTime: new Date(cache.createdAtMillis).toISOString(),
  Status: "available",
  Engine: "valkey",
  MajorEngineVersion: cache.majorEngineVersion,
  CacheUsageLimits: {
    DataStorage: {
      Minimum: cache.limits.dataStorage?.minimum,
      Maximum: cache.limits.dataStorage?.maximum,
      Unit: "GB",
    },
    ECPUPerSecond: {
      Minimum: cache.limits.ecpuPerSecond?.minimum,
      Maximum: cache.limits.ecpuPerSecond?.maximum,
    },
  },
  Endpoint: { Address: "127.0.0.1", Port: cache.port },
  ARN: cache.arn,
  UserGroupId: cache.userGroupId,
});
