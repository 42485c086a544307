import { writeError } from "../endpoint/error-form.ts";
import { readJsonCall, writeJson } from "../endpoint/json-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import { SECRETS_OPERATIONS, type SecretsFacts } from "./operations.ts";

const TARGET_PREFIX = "secretsmanager";

export function createSecretsManagerApi(facts: SecretsFacts): AwsService {
  const read = (request: AwsRequest) => {
    const { operation: name, input } = readJsonCall(request, TARGET_PREFIX);
    const operation = Object.hasOwn(SECRETS_OPERATIONS, name) ? SECRETS_OPERATIONS[name] : undefined;
    if (operation === undefined) {
      throw new ServiceError(400, "UnknownOperationException", `Secrets Manager's ${name} is not simulated here.`);
    }
    return { operation, input };
  };
  return {
    signingName: "secretsmanager",
    buffersBody: true,
    permissions(request) {
      const { operation, input } = read(request);
      return operation.permissions(input, facts);
    },
    async handle(request, response) {
      const { operation, input } = read(request);
      writeJson(response, operation.run(input, facts));
    },
    deny: (_request, response, message) =>
      writeError(response, "secretsmanager", { status: 400, code: "AccessDeniedException", message }),
  };
}
