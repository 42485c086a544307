import { writeError } from "../endpoint/error-form.ts";
import { readQueryCall, writeQueryResult } from "../endpoint/query-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import { CLOUDFORMATION_OPERATIONS, type CloudFormationFacts, stackArn } from "./operations.ts";

const NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/** CloudFormation's query API. */
export function createCloudFormationApi(facts: CloudFormationFacts): AwsService {
  const read = (request: AwsRequest) => {
    const call = readQueryCall(request);
    const operation = Object.hasOwn(CLOUDFORMATION_OPERATIONS, call.action)
      ? CLOUDFORMATION_OPERATIONS[call.action]
      : undefined;
    if (operation === undefined) {
      throw new ServiceError(400, "InvalidAction", `CloudFormation's ${call.action} is not simulated here.`);
    }
    return { call, operation };
  };
  return {
    signingName: "cloudformation",
    buffersBody: true,
    permissions(request) {
      const { call } = read(request);
      const resourceArn = call.action === "ListStacks" ? "*" : stackArn(call.parameters.get("StackName"), facts);
      return [{ action: `cloudformation:${call.action}`, resourceArn }];
    },
    async handle(request, response) {
      const { call, operation } = read(request);
      writeQueryResult(response, call, NAMESPACE, operation(call.parameters, facts));
    },
    deny: (_request, response, message) =>
      writeError(response, "cloudformation", { status: 403, code: "AccessDenied", message }),
  };
}
