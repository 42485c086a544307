import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { endpointServiceOf } from "../ec2/request-service.ts";
import type {
  AccessControl,
  AwsRequest,
  AwsService,
  Caller,
  Credentials,
  Network,
  NetworkPath,
  PlatformEvent,
} from "../simulator.ts";
import { type AuthenticationFailure, authenticationError } from "./authentication-error.ts";
import { declaresTooMuch, readBody } from "./body.ts";
import { comesFromForeignPage } from "./browser-guard.ts";
import { type CredentialScope, readCredentialScope, timestampMillis } from "./credential-scope.ts";
import { writeError } from "./error-form.ts";
import { isServiceError, ServiceError } from "./service-error.ts";
import { signatureMatches, unsignedHeaders } from "./signature.ts";

export interface AwsEndpointOptions {
  readonly access: Pick<AccessControl, "callerOf" | "evaluate"> & {
    credentialsOf(accessKeyId: string): Credentials | undefined;
  };
  /** What lets calls of functions in a VPC out. Default: there are none. */
  readonly network?: Pick<Network, "pathToService">;
  /** Looked at for every request: the list may still grow after `listen`. */
  readonly services: readonly AwsService[];
  readonly emit: (event: PlatformEvent) => void;
  /** Milliseconds since the epoch, against which signatures' times are held. Default: the machine's clock, as callers sign by it. */
  readonly clock?: () => number;
}

export interface AwsEndpoint {
  /** Port 0 takes a free one. Resolves to `http://127.0.0.1:<port>`; rejects when the port is taken. */
  listen(port: number): Promise<string>;
  /** Ends every connection, running requests included. */
  close(): Promise<void>;
}

/** S3's; other services take only 5 minutes. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const MAX_CLOCK_SKEW_MILLIS = 15 * 60 * 1000;
/** SDKs keep connections; a server that closes them early makes a call fail now and then. */
const KEEP_ALIVE_MILLIS = 300_000;
/** Long enough for a large upload over a slow disk. */
const REQUEST_TIMEOUT_MILLIS = 15 * 60 * 1000;

/** One HTTP server in front of every AWS API that the platform simulates: who asks, may they, which service answers. */
export function createAwsEndpoint(options: AwsEndpointOptions): AwsEndpoint {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MILLIS, requestTimeout: REQUEST_TIMEOUT_MILLIS, noDelay: true },
    (message, response) => void answer(options, message, response, () => undefined),
  );
  // A client that asks first sends its body only once it may: a refused upload costs no transfer, and the connection
  // with the body that never came ends.
  server.on("checkContinue", (message, response) => {
    response.shouldKeepAlive = false;
    void answer(options, message, response, () => {
      response.shouldKeepAlive = true;
      response.writeContinue();
    });
  });
  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => {
          server.off("error", reject);
          resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: AwsEndpointOptions,
  message: IncomingMessage,
  response: ServerResponse,
  askForBody: () => void,
): Promise<void> {
  response.setHeader("x-amz-request-id", randomBytes(8).toString("hex").toUpperCase());
  response.setHeader("x-amzn-requestid", randomUUID());
  let signingName = "s3";
  try {
    if (!message.url?.startsWith("/")) throw new ServiceError(400, "InvalidURI", "The request target is not a path.");
    const url = new URL(`http://127.0.0.1${message.url}`);
    const scope = readCredentialScope(message, url);
    if (typeof scope === "object") signingName = scope.service;
    // Without a signature there is no service name; JSON services are known by their target, the rest is S3's form.
    else if (message.headers["x-amz-target"] !== undefined) signingName = "";
    if (typeof scope === "string") return refuse(scope === "missing" ? "missing-token" : "malformed");

    const caller = options.access.callerOf(scope.accessKeyId);
    const credentials = options.access.credentialsOf(scope.accessKeyId);
    if (caller === undefined || credentials === undefined) return refuse("unknown-key");
    const path = pathOf(caller, endpointServiceOf(scope.service, message), options.network);
    if (path.type === "none") return unanswered(`${scope.service} is called by ${nameOf(caller)}: ${path.why}`);
    if (caller.type === "operator" && comesFromForeignPage(message)) {
      throw new ServiceError(403, "AccessDenied", "Requests that a web page of another site makes are refused here.");
    }
    const untimely = timelinessFailure(scope, (options.clock ?? Date.now)());
    if (untimely !== undefined) return refuse(untimely);
    if ((scope.sessionToken ?? "") !== credentials.sessionToken) return refuse("wrong-session-token");

    const service = options.services.find((candidate) => candidate.signingName === scope.service);
    if (service === undefined) throw unknownService(scope.service, options.services);
    const buffers = service.buffersBody;
    if (buffers && declaresTooMuch(message)) {
      throw new ServiceError(413, "RequestEntityTooLarge", "The body is larger than 16 MiB.");
    }
    if (buffers) askForBody();
    const body = buffers ? await readBody(message) : undefined;
    if (!signatureMatches(message, scope, credentials.secretAccessKey, body)) return refuse("wrong-signature");
    if (scope.service === "s3" && unsignedHeaders(message, scope).length > 0) return refuse("unsigned-headers");

    const request: AwsRequest = { message, url, caller, ...(body === undefined ? {} : { body }) };
    for (const permission of service.permissions(request)) {
      const verdict = options.access.evaluate(caller, permission, path.type === "endpoint" ? path.policy : undefined);
      if (!verdict.allowed) {
        options.emit({ type: "access-denied", message: verdict.message });
        return service.deny(request, response, verdict.message);
      }
    }
    if (!buffers) askForBody();
    await service.handle(request, response);
  } catch (error) {
    if (isServiceError(error)) return writeError(response, signingName, error);
    // The caller has gone: there is nobody to tell, and nothing went wrong here.
    if (response.destroyed || (message.destroyed && !message.complete)) return;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    options.emit({ type: "warning", message: `${signingName} ${message.method} ${message.url}: ${what}` });
    writeError(response, signingName, {
      status: 500,
      code: signingName === "s3" ? "InternalError" : "InternalFailure",
      message: "We encountered an internal error. Please try again.",
    });
  }

  /** As where no packet arrives: the caller waits as long as it likes. */
  function unanswered(what: string): void {
    message.pause();
    options.emit({ type: "unreachable", message: `${what}; it gets no answer` });
  }

  function refuse(failure: AuthenticationFailure): void {
    writeError(response, signingName, authenticationError(signingName, failure));
  }
}

function pathOf(caller: Caller, service: string, network: AwsEndpointOptions["network"]): NetworkPath {
  const place = caller.type === "role" ? caller.function?.network : undefined;
  return place === undefined || network === undefined ? { type: "open" } : network.pathToService(place, service);
}

const nameOf = (caller: Caller): string => (caller.type === "role" ? caller.sessionName : caller.type);

function timelinessFailure(scope: CredentialScope, now: number): AuthenticationFailure | undefined {
  const signedAt = timestampMillis(scope.timestamp);
  if (signedAt > now + MAX_CLOCK_SKEW_MILLIS) return "clock-skew";
  if (scope.expiresInSeconds !== undefined) {
    return now > signedAt + scope.expiresInSeconds * 1000 ? "expired" : undefined;
  }
  return now > signedAt + MAX_CLOCK_SKEW_MILLIS ? "clock-skew" : undefined;
}

function unknownService(name: string, services: readonly AwsService[]): ServiceError {
  const known = services.map(({ signingName }) => signingName).join(", ");
  return new ServiceError(501, "NotImplemented", `The service "${name}" is not simulated here; these are: ${known}.`);
}
