import { ServiceError } from "../endpoint/service-error.ts";

/** What the control plane says of input that it does not take, and of names that it does not know. */
export const validationException = (message: string) => new ServiceError(400, "ValidationException", message);

export const alreadyExists = (kind: string, arn: string) =>
  validationException(`Cannot create already existing ${kind} "${arn}".`);

export const couldNotFind = (kind: string, arn: string) => validationException(`Could not find ${kind} "${arn}".`);

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html */
export const resourceInUse = (message: string) => new ServiceError(400, "ResourceInUse", message);

/**
 * What the runtime API says of requests that reach no container:
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
 */
export const validationError = (message: string) => new ServiceError(400, "ValidationError", message);

/** The sentence that AWS answers while no copy serves, word for word: callers have nothing else to know it by. */
export const NO_CAPACITY_MESSAGE =
  "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress (if configured) " +
  "or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API.";

export const noCapacity = () => validationError(NO_CAPACITY_MESSAGE);
