import type { ServerResponse } from "node:http";
import { isServiceError, ServiceError } from "../../endpoint/service-error.ts";
import type { AwsRequest, AwsService, RequiredPermission } from "../../simulator.ts";
import type { EventQueue } from "../event-queue.ts";
import { functionArn, parseFunctionReference } from "../function-arn.ts";
import type { FunctionStore } from "../functions.ts";
import type { Invoker } from "../invoker.ts";
import { describeFunction } from "./function-description.ts";
import { readInvocation } from "./invocation-request.ts";
import { type LambdaCall, readCall } from "./routes.ts";
import { writeBuffered, writeEventStream } from "./write-invocation.ts";

interface LambdaApiParts {
  readonly account: { readonly region: string; readonly accountId: string };
  readonly functions: FunctionStore;
  readonly invoker: Invoker;
  readonly events: EventQueue;
  readonly uuid: () => string;
}

/** The Lambda API at the local endpoint: invoking functions and looking at them. What changes functions is the template's. */
export function createLambdaApi(parts: LambdaApiParts): AwsService {
  return {
    signingName: "lambda",
    buffersBody: true,
    permissions: (request) => permissions(request, parts.account),
    async handle(request, response) {
      try {
        await handle(request, response, parts);
      } catch (error) {
        if (!isServiceError(error) || response.headersSent) throw error;
        writeLambdaError(response, error);
      }
    },
    deny: (_request, response, message) =>
      writeLambdaError(response, new ServiceError(403, "AccessDeniedException", message)),
  };
}

const ACTIONS: Readonly<Record<LambdaCall["type"], string>> = {
  invoke: "lambda:InvokeFunction",
  "invoke-with-response-stream": "lambda:InvokeFunction",
  "get-function": "lambda:GetFunction",
  "get-function-configuration": "lambda:GetFunctionConfiguration",
  "list-functions": "lambda:ListFunctions",
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
function permissions(request: AwsRequest, account: LambdaApiParts["account"]): readonly RequiredPermission[] {
  const call = readCall(request.message.method, request.url);
  if (call === undefined) return [];
  const action = ACTIONS[call.type];
  if (call.type === "list-functions") return [{ action, resourceArn: "*" }];
  const reference = parseFunctionReference(call.functionName);
  const name = reference?.name ?? call.functionName;
  return [{ action, resourceArn: functionArn(account, name, call.qualifier ?? reference?.qualifier) }];
}

async function handle(request: AwsRequest, response: ServerResponse, parts: LambdaApiParts): Promise<void> {
  const call = readCall(request.message.method, request.url);
  const { functions, invoker } = parts;
  if (call === undefined) {
    throw new ServiceError(
      404,
      "UnknownOperationException",
      `${request.message.method} ${request.url.pathname} is not a call of the Lambda API that is simulated here.`,
    );
  }
  switch (call.type) {
    case "list-functions":
      return writeJson(response, 200, {
        Functions: functions.all.map(({ latest, arn }) => describeFunction(latest.version, arn)),
      });
    case "get-function":
    case "get-function-configuration": {
      const { pool, invokedArn } = functions.resolve(call.functionName, call.qualifier);
      const configuration = describeFunction(pool.version, invokedArn);
      if (call.type === "get-function-configuration") return writeJson(response, 200, configuration);
      const location = `file://${pool.version.codeDirectory}`;
      return writeJson(response, 200, {
        Configuration: configuration,
        Code: { RepositoryType: "S3", Location: location },
      });
    }
    case "invoke": {
      const invocation = readInvocation(request, call, "buffered");
      const details = { ...invocation.details, requestId: parts.uuid() };
      response.setHeader("x-amzn-requestid", details.requestId);
      if (invocation.type === "DryRun") {
        functions.resolve(call.functionName, call.qualifier);
        return void response.writeHead(204).end();
      }
      if (invocation.type === "Event") {
        parts.events.add({ ...invocation.invocation, ...details });
        return void response.writeHead(202, { "content-length": 0 }).end();
      }
      const { result, executedVersion } = await invoker.start(invocation.invocation, details);
      return writeBuffered(response, await result, executedVersion);
    }
    case "invoke-with-response-stream": {
      const { invocation, details } = readInvocation(request, call, "streaming");
      const requestId = parts.uuid();
      response.setHeader("x-amzn-requestid", requestId);
      const { result, executedVersion } = await invoker.start(invocation, { ...details, requestId });
      return writeEventStream(response, await result, executedVersion);
    }
  }
}

function writeJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

/** https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html */
function writeLambdaError(response: ServerResponse, error: ServiceError): void {
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  response.setHeader("x-amzn-errortype", error.code);
  writeJson(response, error.status, {
    Type: error.status < 500 ? "User" : "Server",
    ...error.details,
    message: error.message,
  });
}
