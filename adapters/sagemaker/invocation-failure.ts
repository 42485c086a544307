/**
 * What SageMaker's errors are to our caller.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html#API_runtime_InvokeEndpointWithResponseStream_Errors
 */
import { FarthingError } from "../../core/errors.ts";
import { upstreamError } from "../../core/protocols/upstream/upstream-error.ts";
import { NoCopies } from "../../core/routing/wake/asleep.ts";

interface ServiceError {
  readonly name?: string;
  readonly message?: string;
  /** Of ModelError: what the container said. */
  readonly OriginalStatusCode?: number;
  readonly OriginalMessage?: string;
}

/**
 * "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress …": the words of the
 * ValidationError that calls at zero copies get; there is no code of its own.
 */
const NO_CAPACITY = /no capacity|has no (?:active|in-?service) cop|not ready|copy count (?:is|of) 0/i;
/** "Endpoint … of account … not found.": said of one that is still being created, too. Which of the two, its description tells. */
const NOT_FOUND = /^(?:endpoint|inference component) .* not found/i;

export function invocationFailure(error: unknown): FarthingError {
  const { name = "", message = "", OriginalStatusCode: status, OriginalMessage: said } = error as ServiceError;
  switch (name) {
    case "ModelError":
      return upstreamError({ status: status ?? 500, body: said ?? message });
    case "ValidationError":
    case "ValidationException":
      if (NO_CAPACITY.test(message) || NOT_FOUND.test(message)) return asleep(error);
      return unavailable("takes the request for a wrong one", error);
    case "ModelNotReadyException":
      return asleep(error);
    case "ThrottlingException":
    case "TooManyRequestsException":
      return new FarthingError("overloaded", "The endpoint behind this model takes no more requests right now.", {
        retryAfterSeconds: 1,
        cause: error,
      });
    default:
      return unavailable("does not answer as it should", error);
  }
}

const asleep = (cause: unknown): FarthingError =>
  new FarthingError("model_not_ready", "The model sleeps: no copy of it is in service.", {
    retryAfterSeconds: 60,
    cause: new NoCopies("no copy in service", { cause }),
  });

const unavailable = (what: string, cause: unknown): FarthingError =>
  new FarthingError("dependency_unavailable", `The endpoint behind this model ${what}.`, {
    retryAfterSeconds: 1,
    cause,
  });
