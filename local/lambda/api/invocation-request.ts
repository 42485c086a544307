import { ServiceError } from "../../endpoint/service-error.ts";
import type { AwsRequest, Invocation } from "../../simulator.ts";
import type { InvocationDetails } from "../invoker.ts";

const TYPES = ["RequestResponse", "Event", "DryRun"] as const;
const ACCESS_KEY = /Credential=([^/,\s]+)\//;

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax */
export function readInvocation(
  request: AwsRequest,
  call: { readonly functionName: string; readonly qualifier?: string },
  responseMode: Invocation["responseMode"],
): { readonly type: (typeof TYPES)[number]; readonly invocation: Invocation; readonly details: InvocationDetails } {
  const { headers } = request.message;
  const wanted = headers["x-amz-invocation-type"] ?? "RequestResponse";
  const type = TYPES.find((known) => known === wanted);
  if (type === undefined) {
    throw new ServiceError(
      400,
      "InvalidParameterValueException",
      `X-Amz-Invocation-Type is "${wanted}"; it is one of ${TYPES.join(", ")}.`,
    );
  }
  const payload = request.body?.length ? request.body : Buffer.from("{}");
  requireJson(payload);
  const clientContext = headers["x-amz-client-context"];
  const traceId = headers["x-amzn-trace-id"];
  const accessKeyId = ACCESS_KEY.exec(headers.authorization ?? "")?.[1];
  return {
    type,
    invocation: {
      functionArn: call.functionName,
      payload,
      responseMode,
      ...(typeof traceId === "string" ? { traceId } : {}),
    },
    details: {
      ...(call.qualifier === undefined ? {} : { qualifier: call.qualifier }),
      ...(typeof clientContext === "string"
        ? { clientContext: Buffer.from(clientContext, "base64").toString("utf8") }
        : {}),
      ...(accessKeyId === undefined ? {} : { callerAccessKeyId: accessKeyId }),
    },
  };
}

function requireJson(payload: Buffer): void {
  try {
    JSON.parse(payload.toString("utf8"));
  } catch (error) {
    throw new ServiceError(
      400,
      "InvalidRequestContentException",
      `Could not parse request body into json: ${(error as Error).message}`,
    );
  }
}
