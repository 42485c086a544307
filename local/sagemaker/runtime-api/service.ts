/** The runtime API at the local endpoint: decode, look up, call. */
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { ServiceError } from "../../endpoint/service-error.ts";
import type { AwsRequest, RequiredPermission } from "../../simulator.ts";
import { validationError } from "../errors.ts";
import type { Hosting } from "../hosting/hosting.ts";
import { ASYNC_TIMEOUT_SECONDS, ASYNC_TTL_SECONDS, MAX_ASYNC_BODY_BYTES } from "../limits.ts";
import { type AsyncQueue, asyncLocations } from "./async-queue.ts";
import type { RuntimeServices } from "./call-copy.ts";
import { type Faults, faultError, STREAM_FAULT } from "./faults.ts";
import { readInvocation } from "./invocation.ts";
import { invoke, invokeWithResponseStream } from "./invoke.ts";
import { type RuntimeCall, readRuntimeCall } from "./routes.ts";

export interface RuntimeApi {
  permissions(request: AwsRequest): readonly RequiredPermission[];
  handle(request: AwsRequest, response: ServerResponse): Promise<void>;
}

export function createRuntimeApi(
  hosting: Hosting,
  queue: AsyncQueue,
  faults: Faults,
  services: RuntimeServices,
): RuntimeApi {
  const { account, options, clock } = services;
  return {
    // One action for the streaming form too: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    permissions({ message, url }) {
      const call = readRuntimeCall(message.method, url);
      if (call === undefined) return [];
      const action = call.type === "invoke-async" ? "sagemaker:InvokeEndpointAsync" : "sagemaker:InvokeEndpoint";
      const endpoint = { action, resourceArn: hosting.arn("endpoint", call.endpointName) };
      const component = message.headers["x-amzn-sagemaker-inference-component"];
      // Policies for endpoints with components name both: an invocation needs the endpoint; a component is checked when named.
      return typeof component === "string"
        ? [endpoint, { action, resourceArn: hosting.arn("inference-component", component) }]
        : [endpoint];
    },

    async handle({ message, url, body = Buffer.alloc(0) }, response) {
      const call = readRuntimeCall(message.method, url) as RuntimeCall;
      const fault = faults.take(call.endpointName);
      if (fault !== undefined && (fault !== STREAM_FAULT || call.type !== "invoke-with-response-stream")) {
        throw faultError(fault);
      }
      const { headers } = message;
      if (body.length > options.maxPayloadBytes) {
        throw validationError(
          `1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than or equal to ${options.maxPayloadBytes}`,
        );
      }
      const streamAccept = one(headers["x-amzn-sagemaker-accept"]);
      const accept = call.type === "invoke" ? one(headers.accept) : streamAccept;
      const invocation = readInvocation(call.endpointName, headers, hosting, account.accountId, accept);
      const isAsync = invocation.endpoint.config.AsyncInferenceConfig !== undefined;
      if (isAsync !== (call.type === "invoke-async")) {
        throw validationError(
          `Endpoint ${call.endpointName} of account ${account.accountId} is ${isAsync ? "" : "not "}an asynchronous inference endpoint.`,
        );
      }
      switch (call.type) {
        case "invoke":
          return invoke(invocation, body, response, services);
        case "invoke-with-response-stream":
          return invokeWithResponseStream(invocation, body, response, services, fault);
        case "invoke-async": {
          const named = (name: string) => one(headers[`x-amzn-sagemaker-${name}`]);
          const uri = named("inputlocation");
          if ((uri === undefined) === (body.length === 0)) {
            throw validationError("An asynchronous invocation has either an InputLocation or a Body.");
          }
          if (body.length > MAX_ASYNC_BODY_BYTES) {
            throw validationError(`The Body has ${body.length} bytes; inline it may have ${MAX_ASYNC_BODY_BYTES}.`);
          }
          const locations = asyncLocations(invocation.endpoint, {
            fileName: named("filename"),
            pathExtension: named("s3outputpathextension"),
          });
          if (locations === undefined)
            throw validationError("The endpoint's AsyncInferenceConfig has no S3OutputPath.");
          const seconds = (name: string, range: { min: number; max: number; default: number }) => {
            const value = Number(named(name) ?? range.default);
            if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
            throw validationError(
              `${name} is "${named(name)}"; it is a whole number from ${range.min} to ${range.max}.`,
            );
          };
          const id = named("inference-id") ?? randomUUID();
          const type = named("content-type");
          queue.add({
            invocation: {
              ...invocation,
              containerHeaders: { ...invocation.containerHeaders, ...(type !== undefined && { "content-type": type }) },
            },
            input: uri === undefined ? { type: "inline", body } : { type: "s3", uri },
            timeoutMillis: seconds("invocationtimeoutseconds", ASYNC_TIMEOUT_SECONDS) * 1_000,
            expiresMillis: clock() + seconds("requestttlseconds", ASYNC_TTL_SECONDS) * 1_000,
            outputLocation: locations.output,
            failureLocation: locations.failure,
          });
          const answer = Buffer.from(JSON.stringify({ InferenceId: id }));
          response.writeHead(202, {
            "content-type": "application/json",
            "content-length": answer.length,
            "x-amzn-sagemaker-outputlocation": locations.output,
            ...(locations.failure !== undefined && { "x-amzn-sagemaker-failurelocation": locations.failure }),
          });
          response.end(answer);
        }
      }
    },
  };
}

export const unknownPath = (method: string | undefined, path: string) =>
  new ServiceError(404, "UnknownOperationException", `${method} ${path} is not a call of the SageMaker runtime API.`);

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
