import { ServiceError } from "../../endpoint/service-error.ts";
import { MAX_MESSAGE_CHARACTERS } from "../limits.ts";

export interface ModelFailure {
  /** What the container answered; 0 when it gave no answer. */
  readonly status: number;
  readonly message: string;
}

interface Where {
  readonly region: string;
  readonly accountId: string;
  readonly logGroup: string;
  readonly logStream: string;
}

/**
 * The container answered with an error, or not at all: 424, with what it said.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
 */
export function modelError({ status, message }: ModelFailure, where: Where): ServiceError {
  const { region, accountId, logGroup, logStream } = where;
  const original = message.slice(0, MAX_MESSAGE_CHARACTERS);
  const kind = status >= 400 && status < 500 ? "client" : "server";
  const text =
    `Received ${kind} error (${status}) from primary with message "${original}". ` +
    `See https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logEventViewer:group=${logGroup} ` +
    `in account ${accountId} for more information.`;
  return new ServiceError(424, "ModelError", text, {
    details: {
      OriginalStatusCode: String(status),
      OriginalMessage: original,
      LogStreamArn: `arn:aws:logs:${region}:${accountId}:log-group:${logGroup}:log-stream:${logStream}`,
    },
  });
}

/** Word for word: callers have no code to know it by. */
export const TIMED_OUT: ModelFailure = {
  status: 0,
  message:
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each " +
    "container in Amazon CloudWatch, resolve the issue, and try again.",
};

export const HUNG_UP: ModelFailure = {
  status: 0,
  message: "The connection to container primary was closed before a response was received.",
};
