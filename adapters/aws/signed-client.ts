/**
 * A client for one AWS service: signs, sends, tells errors apart, tries again. Nothing is opened before the first call.
 * Knows the endpoint variables of the SDKs, so that local platforms are reached like AWS itself.
 */
import type { IncomingMessage } from "node:http";
import { createTransport, NoAnswer, readBody, type Transport } from "../http/transport.ts";
import { type AwsCredentials, credentialsFromEnvironment } from "./credentials.ts";
import { REAL_WORLD, type RetryWorld, withRetries } from "./retry.ts";
import { canonicalQuery, createSigner, type SigningScope } from "./signature.ts";

export interface SignedRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  /** Path with every segment URI-encoded once. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  readonly silenceTimeoutMillis: number;
  /**
   * `always`: repeating does no harm. `never-arrived`: only what cannot have been processed, and what the service refused
   * to take, is sent again.
   */
  readonly retry: "always" | "never-arrived";
}

export interface SignedClient {
  /** Rejects with AwsServiceError for any status from 300 on, with NoAnswer when none came. */
  send(request: SignedRequest): Promise<IncomingMessage>;
}

/** The service answered, and said no. */
export class AwsServiceError extends Error {
  override readonly name = "AwsServiceError";
  /** `AccessDeniedException`, `NoSuchKey`, … */
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(`${code} (HTTP ${status}): ${message}`);
    this.code = code;
    this.status = status;
  }
}

export interface SignedClientOptions {
  readonly service: "dynamodb" | "lambda" | "s3" | "sagemaker" | "secretsmanager";
  readonly region: string;
  /** `https://dynamodb.eu-central-1.amazonaws.com` */
  readonly endpoint: string;
  credentials(): AwsCredentials;
  clock(): number;
  readonly transport: Transport;
  readonly world: RetryWorld;
}

const ATTEMPTS = 3;
const FIRST_WAIT_MILLIS = 50;
const CONNECT_TIMEOUT_MILLIS = 1_000;
const THROTTLED = /Throttl|TooManyRequests|LimitExceeded|ProvisionedThroughput|SlowDown/;

export function createSignedClient(options: SignedClientOptions): SignedClient {
  const scope: SigningScope = { region: options.region, service: options.service };
  const base = new URL(options.endpoint);
  let sign: ReturnType<typeof createSigner> | undefined;

  async function sendOnce(request: SignedRequest): Promise<IncomingMessage> {
    sign ??= createSigner(scope, options.credentials());
    const url = new URL(base);
    url.pathname = request.path;
    if (request.query !== undefined) url.search = canonicalQuery(request.query);
    const headers = sign({ ...request, host: url.host }, options.clock());
    const response = await options.transport({
      url,
      method: request.method,
      headers,
      body: request.body,
      connectTimeoutMillis: CONNECT_TIMEOUT_MILLIS,
      silenceTimeoutMillis: request.silenceTimeoutMillis,
    });
    if ((response.statusCode as number) >= 300) throw await serviceError(response);
    return response;
  }

  return {
    send: (request) =>
      withRetries(
        () => sendOnce(request),
        {
          attempts: ATTEMPTS,
          firstWaitMillis: FIRST_WAIT_MILLIS,
          isRetryable: (error) => isRetryable(error, request.retry),
        },
        options.world,
      ),
  };
}

/** A client as a function makes it: region, credentials and endpoint from Lambda's variables, one transport for all. */
export function clientFromEnvironment(
  service: SignedClientOptions["service"],
  environment: Readonly<Record<string, string | undefined>>,
  transport: Transport = createTransport(),
): SignedClient {
  const region = environment.AWS_REGION ?? "us-east-1";
  return createSignedClient({
    service,
    region,
    endpoint: endpointOf(service, region, environment),
    credentials: () => credentialsFromEnvironment(environment),
    clock: Date.now,
    transport,
    world: REAL_WORLD,
  });
}

/** Of services whose name in signatures is not that of their variable. */
const VARIABLE_NAMES: Partial<Record<SignedClientOptions["service"], string>> = { secretsmanager: "SECRETS_MANAGER" };

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
export function endpointOf(
  service: SignedClientOptions["service"],
  region: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const chosen =
    environment[`AWS_ENDPOINT_URL_${VARIABLE_NAMES[service] ?? service.toUpperCase()}`] ?? environment.AWS_ENDPOINT_URL;
  return chosen ?? `https://${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function isRetryable(error: unknown, retry: SignedRequest["retry"]): boolean {
  if (error instanceof AwsServiceError) {
    return THROTTLED.test(error.code) || error.status === 503 || (error.status >= 500 && retry === "always");
  }
  return error instanceof NoAnswer && (error.neverArrived || retry === "always");
}

const ERROR_BODY_BYTES = 64 * 1024;
const XML_CODE = /<Code>([^<]*)<\/Code>/;
const XML_MESSAGE = /<Message>([^<]*)<\/Message>/;

/** JSON services name the error in `__type` or a header; S3 in XML. */
async function serviceError(response: IncomingMessage): Promise<AwsServiceError> {
  const status = response.statusCode as number;
  const text = (await readBody(response, ERROR_BODY_BYTES)).toString();
  const header = response.headers["x-amzn-errortype"];
  const document = parsedJson(text);
  const code = (typeof header === "string" ? header : undefined) ?? document.__type ?? XML_CODE.exec(text)?.[1];
  const message = document.message ?? document.Message ?? XML_MESSAGE.exec(text)?.[1];
  // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `ResourceNotFoundException:http://…`
  const name = (code ?? "UnknownError").replace(/^.*#/, "").replace(/:.*$/, "");
  return new AwsServiceError(name, status, message ?? "no message");
}

interface ErrorDocument {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
}

function parsedJson(text: string): ErrorDocument {
  if (!text.startsWith("{")) return {};
  try {
    return JSON.parse(text) as ErrorDocument;
  } catch {
    return {};
  }
}
