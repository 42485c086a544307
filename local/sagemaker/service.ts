/**
 * Both APIs sign as `sagemaker`: calls of the control plane name their operation in a header, those of the runtime have
 * paths.
 */
import { writeError } from "../endpoint/error-form.ts";
import { readOperation } from "../endpoint/json-api.ts";
import { writeJson } from "../endpoint/json-service.ts";
import { isServiceError, ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import { CONTROL_PLANE_OPERATIONS, type ControlPlaneParts } from "./control-plane/operations.ts";
import { readRuntimeCall } from "./runtime-api/routes.ts";
import { type RuntimeApi, unknownPath } from "./runtime-api/service.ts";
import { writeRuntimeError } from "./runtime-api/write-error.ts";

const CONTROL_PLANE = {
  service: "SageMaker",
  targetPrefix: "SageMaker",
  operations: CONTROL_PLANE_OPERATIONS,
} as const;

export function createSageMakerService(parts: ControlPlaneParts, runtime: RuntimeApi): AwsService {
  const isControlPlane = ({ message }: AwsRequest) => message.headers["x-amz-target"] !== undefined;
  const read = (request: AwsRequest) => readOperation(request, CONTROL_PLANE);
  return {
    signingName: "sagemaker",
    buffersBody: true,
    permissions(request) {
      if (!isControlPlane(request)) return runtime.permissions(request);
      const { operation, input } = read(request);
      return operation.permissions(input, parts);
    },
    async handle(request, response) {
      if (isControlPlane(request)) {
        const { operation, input } = read(request);
        return writeJson(response, operation.run(input, parts) ?? {});
      }
      const { message, url } = request;
      try {
        if (readRuntimeCall(message.method, url) === undefined) throw unknownPath(message.method, url.pathname);
        await runtime.handle(request, response);
      } catch (error) {
        if (!isServiceError(error) || response.headersSent || response.destroyed) throw error;
        writeRuntimeError(response, error);
      }
    },
    deny(request, response, message) {
      const error = new ServiceError(isControlPlane(request) ? 400 : 403, "AccessDeniedException", message);
      if (isControlPlane(request)) writeError(response, "sagemaker", { ...error, message });
      else writeRuntimeError(response, error);
    },
  };
}
