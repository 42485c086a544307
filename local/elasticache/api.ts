import { writeError } from "../endpoint/error-form.ts";
import { readQueryCall, writeQueryResult } from "../endpoint/query-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import type { ElastiCacheFacts } from "./caches.ts";
import { ELASTICACHE_OPERATIONS } from "./operations.ts";

const NAMESPACE = "http://elasticache.amazonaws.com/doc/2015-02-02/";

/** ElastiCache's query API. */
export function createElastiCacheApi(facts: ElastiCacheFacts): AwsService {
  const read = (request: AwsRequest) => {
    const call = readQueryCall(request);
    const operation = Object.hasOwn(ELASTICACHE_OPERATIONS, call.action)
      ? ELASTICACHE_OPERATIONS[call.action]
      : undefined;
    if (operation === undefined) {
      throw new ServiceError(400, "InvalidAction", `ElastiCache's ${call.action} is not simulated here.`);
    }
    return { call, operation };
  };
  return {
    signingName: "elasticache",
    buffersBody: true,
    permissions(request) {
      const { call, operation } = read(request);
      return [{ action: `elasticache:${call.action}`, resourceArn: operation.resourceArn(call.parameters, facts) }];
    },
    async handle(request, response) {
      const { call, operation } = read(request);
      writeQueryResult(response, call, NAMESPACE, operation.run(call.parameters, facts));
    },
    deny: (_request, response, message) =>
      writeError(response, "elasticache", { status: 403, code: "AccessDenied", message }),
  };
}
