import { writeError } from "../endpoint/error-form.ts";
import { readJsonCall, writeJson } from "../endpoint/json-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import { queryErrorHeader } from "./errors.ts";
import { CLOUDWATCH_OPERATIONS, type CloudWatchFacts } from "./operations.ts";

const TARGET_PREFIX = "GraniteServiceVersion20100801";

/** CloudWatch's JSON API, as the SDK for JavaScript speaks it (older clients use the query protocol, which is refused). */
export function createCloudWatchApi(facts: CloudWatchFacts): AwsService {
  const read = (request: AwsRequest) => {
    const { operation: name, input } = readJsonCall(request, TARGET_PREFIX);
    const operation = Object.hasOwn(CLOUDWATCH_OPERATIONS, name) ? CLOUDWATCH_OPERATIONS[name] : undefined;
    if (operation === undefined) {
      throw new ServiceError(400, "UnknownOperationException", `CloudWatch's ${name} is not simulated here.`);
    }
    return { operation, input };
  };
  return {
    signingName: "monitoring",
    buffersBody: true,
    permissions(request) {
      const { operation, input } = read(request);
      return operation.permissions(input);
    },
    async handle(request, response) {
      const { operation, input } = read(request);
      writeJson(response, operation.run(input, facts), "application/x-amz-json-1.0");
    },
    deny: (_request, response, message) =>
      writeError(response, "monitoring", {
        status: 403,
        code: "AccessDenied",
        message,
        headers: queryErrorHeader("AccessDenied"),
      }),
  };
}
