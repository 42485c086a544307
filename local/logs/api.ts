import { writeError } from "../endpoint/error-form.ts";
import { readJsonCall, writeJson } from "../endpoint/json-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import { LOGS_OPERATIONS, type LogsFacts } from "./operations.ts";

const TARGET_PREFIX = "Logs_20140328";

/** CloudWatch Logs' JSON API. */
export function createLogsApi(facts: LogsFacts): AwsService {
  const read = (request: AwsRequest) => {
    const { operation: name, input } = readJsonCall(request, TARGET_PREFIX);
    const operation = Object.hasOwn(LOGS_OPERATIONS, name) ? LOGS_OPERATIONS[name] : undefined;
    if (operation === undefined) {
      throw new ServiceError(400, "UnknownOperationException", `CloudWatch Logs' ${name} is not simulated here.`);
    }
    return { operation, input };
  };
  return {
    signingName: "logs",
    buffersBody: true,
    permissions(request) {
      const { operation, input } = read(request);
      return operation.permissions(input, facts);
    },
    async handle(request, response) {
      const { operation, input } = read(request);
      await facts.store.open();
      await facts.store.flush();
      writeJson(response, await operation.run(input, facts));
    },
    deny: (_request, response, message) =>
      writeError(response, "logs", { status: 400, code: "AccessDeniedException", message }),
  };
}
