/** The calls of the API, one row each. https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Operations.html */
import { ServiceError } from "../endpoint/service-error.ts";
import type { XmlElements } from "../endpoint/xml.ts";
import { arnOf, type Cache, type ElastiCacheFacts } from "./caches.ts";
import { changedLimits } from "./usage-limits.ts";

export interface ElastiCacheOperation {
  resourceArn(parameters: URLSearchParams, facts: ElastiCacheFacts): string;
  run(parameters: URLSearchParams, facts: ElastiCacheFacts): XmlElements;
}

/** How long a change of limits takes here; up to an hour there. */
const CHANGE_MILLIS = 500;

const cacheArn = (parameters: URLSearchParams, facts: ElastiCacheFacts): string =>
  arnOf(facts, "serverlesscache", parameters.get("ServerlessCacheName") ?? "*");

export const ELASTICACHE_OPERATIONS: Readonly<Record<string, ElastiCacheOperation>> = {
  DescribeServerlessCaches: {
    resourceArn: cacheArn,
    run(parameters, facts) {
      const name = parameters.get("ServerlessCacheName");
      const found = name === null ? [...facts.caches.values()] : [requireCache(name, facts)];
      return { ServerlessCaches: { member: found.map((cache) => describe(cache, facts)) } };
    },
  },
  ModifyServerlessCache: {
    resourceArn: cacheArn,
    run(parameters, facts) {
      const cache = requireCache(parameters.get("ServerlessCacheName") ?? "", facts);
      const limits = changedLimits(cache.limits, parameters);
      if (statusOf(cache, facts) !== "available") {
        const message = `Serverless cache ${cache.name} is not in an available state.`;
        throw new ServiceError(400, "InvalidServerlessCacheStateFault", message);
      }
      cache.limits = limits;
      cache.changedAtMillis = facts.clock();
      return { ServerlessCache: describe(cache, facts) };
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

function requireCache(name: string, { caches }: ElastiCacheFacts): Cache {
  const cache = caches.get(name);
  if (cache !== undefined) return cache;
  throw new ServiceError(404, "ServerlessCacheNotFoundFault", `ServerlessCache ${name} not found.`);
}

const statusOf = ({ changedAtMillis }: Cache, { clock }: ElastiCacheFacts): "available" | "modifying" =>
  clock() - changedAtMillis < CHANGE_MILLIS ? "modifying" : "available";

const describe = (cache: Cache, facts: ElastiCacheFacts): XmlElements => ({
  ServerlessCacheName: cache.name,
  Description: cache.description,
  CreateTime: new Date(cache.createdAtMillis).toISOString(),
  Status: statusOf(cache, facts),
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
