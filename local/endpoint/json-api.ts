import type { AwsRequest, AwsService, RequiredPermission } from "../simulator.ts";
import { writeError } from "./error-form.ts";
import { type JsonCall, readJsonCall, writeJson } from "./json-service.ts";
import { ServiceError } from "./service-error.ts";

/** The operations of a service that speaks JSON, by name. */
export interface JsonOperations<Operation> {
  /** In errors: `CloudWatch Logs`. */
  readonly service: string;
  /** `Logs_20140328` */
  readonly targetPrefix: string;
  readonly operations: Readonly<Record<string, Operation>>;
}

/** Throws ServiceError when the call cannot be read, or asks for what is not simulated. */
export function readOperation<Operation>(
  request: AwsRequest,
  { service, targetPrefix, operations }: JsonOperations<Operation>,
): { readonly operation: Operation; readonly input: JsonCall["input"] } {
  const { operation: name, input } = readJsonCall(request, targetPrefix);
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation !== undefined) return { operation, input };
  throw new ServiceError(400, "UnknownOperationException", `${service}'s ${name} is not simulated here.`);
}

export interface JsonOperation<Facts> {
  permissions(input: JsonCall["input"], facts: Facts): readonly RequiredPermission[];
  run(input: JsonCall["input"], facts: Facts): unknown;
}

export interface JsonApi<Facts> extends JsonOperations<JsonOperation<Facts>> {
  /** In the credential scope: `logs`. */
  readonly signingName: string;
  readonly facts: Facts;
  /** Default: JSON 1.1. */
  readonly contentType?: string;
}

/** A service all of whose calls are operations by name. */
export function createJsonApi<Facts>(api: JsonApi<Facts>): AwsService {
  const { signingName, facts, contentType } = api;
  return {
    signingName,
    buffersBody: true,
    permissions(request) {
      const { operation, input } = readOperation(request, api);
      return operation.permissions(input, facts);
    },
    async handle(request, response) {
      const { operation, input } = readOperation(request, api);
      writeJson(response, await operation.run(input, facts), contentType);
    },
    deny: (_request, response, message) =>
      writeError(response, signingName, { status: 400, code: "AccessDeniedException", message }),
  };
}
