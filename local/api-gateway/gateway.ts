import type { IncomingMessage, ServerResponse } from "node:http";
import { isServiceError } from "../endpoint/service-error.ts";
import { isFunctionFailure } from "../lambda/function-failure.ts";
import type { FunctionPolicies } from "../lambda/simulator.ts";
import { RandomPool } from "../random-pool.ts";
import type { FunctionInvoker, InvocationResult, LogSink, SimulatorContext } from "../simulator.ts";
import { answerBuffered } from "./answer-buffered.ts";
import { answerStreamed } from "./answer-streamed.ts";
import { fillVariables, variableFiller } from "./context-variables.ts";
import { GatewayFailure, isGatewayFailure } from "./gateway-errors.ts";
import { setGatewayHeaders } from "./gateway-headers.ts";
import { type GatewayOutcome, type GatewayRequest, lastHeader } from "./gateway-request.ts";
import { IDLE_TIMEOUT_MILLIS, MAX_EVENT_BYTES, MAX_HEADER_BYTES } from "./limits.ts";
import { proxyEvent } from "./proxy-event.ts";
import { readRequestBody } from "./request-body.ts";
import type { ApiMethod, LambdaIntegration, MockIntegration, RestApi, Stage } from "./rest-api.ts";
import { RouteTable } from "./routes.ts";
import { StageThrottle } from "./throttle.ts";
import { writeGatewayError } from "./write-gateway-error.ts";

export interface GatewayServices {
  readonly context: Pick<SimulatorContext, "region" | "accountId" | "clock" | "emit">;
  readonly functions: FunctionInvoker & FunctionPolicies;
  readonly logs: LogSink;
  readonly monotonicMillis: () => number;
  readonly uuid: () => string;
  readonly randomBytes: (bytes: number) => Buffer;
  /** Of the stage's limits, shared with whoever else serves it; one for each method. Default: this gateway's own. */
  readonly throttles?: BigInt64Array;
  /** Who answers for functions that are out of reach here. Default: none is. */
  readonly elsewhere?: {
    answers(functionArn: string): boolean;
    answer(message: IncomingMessage, reply: ServerResponse): Promise<void>;
  };
}

const MAX_REMEMBERED_PERMISSIONS = 1000;

/** One deployed stage of one REST API: what happens between a request and its answer. */
export class Gateway {
  readonly #api: RestApi;
  readonly #stage: Stage;
  readonly #services: GatewayServices;
  readonly #routes: RouteTable;
  readonly #throttle: StageThrottle;
  readonly #places: ReadonlyMap<ApiMethod, number>;
  readonly #random: RandomPool;
  readonly #allowed = new Set<string>();
  readonly #accessLine: ((request: GatewayRequest, outcome: GatewayOutcome) => string) | undefined;

  constructor(api: RestApi, stage: Stage, services: GatewayServices) {
    this.#api = api;
    this.#stage = stage;
    this.#services = services;
    this.#routes = new RouteTable(api);
    this.#throttle = new StageThrottle(stage, services.throttles);
    this.#places = methodPlaces(api);
    this.#random = new RandomPool(services.randomBytes);
    this.#accessLine = stage.accessLog && variableFiller(stage.accessLog.format);
  }

  async handle(message: IncomingMessage, reply: ServerResponse): Promise<void> {
    const request = this.#open(message);
    const outcome: GatewayOutcome = { status: 500, responseBytes: 0 };
    if (this.#stage.accessLog !== undefined) reply.once("close", () => this.#logAccess(request, outcome));
    try {
      await this.#answer(request, outcome, reply);
    } catch (error) {
      this.#fail(error, request, outcome, reply);
    }
  }

  #open(message: IncomingMessage): GatewayRequest {
    const { clock, accountId } = this.#services.context;
    const target = message.url ?? "";
    const question = target.indexOf("?");
    const now = clock();
    const incoming = lastHeader({ message }, "x-amzn-trace-id");
    const seconds = Math.floor(now / 1000)
      .toString(16)
      .padStart(8, "0");
    return {
      api: this.#api,
      stage: this.#stage,
      accountId,
      requestId: this.#services.uuid(),
      extendedRequestId: this.#random.take(11).toString("base64"),
      traceId: incoming ?? `Root=1-${seconds}-${this.#random.take(12).toString("hex")}`,
      receivedAtMillis: now,
      message,
      httpMethod: message.method ?? "GET",
      path: question < 0 ? target : target.slice(0, question),
      query: question < 0 ? "" : target.slice(question + 1),
      sourceIp: message.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "127.0.0.1",
      domainName: (message.headers.host ?? "localhost").replace(/:\d+$/, ""),
    };
  }

  async #answer(request: GatewayRequest, outcome: GatewayOutcome, reply: ServerResponse): Promise<void> {
    requireSmallHeaders(request.message);
    const method = this.#methodOf(request);
    const { elsewhere } = this.#services;
    if (method.integration.type === "lambda" && elsewhere?.answers(method.integration.functionArn)) {
      outcome.answeredElsewhere = true;
      return elsewhere.answer(request.message, reply);
    }
    const resourcePath = request.route?.resource.path ?? "";
    const now = this.#services.context.clock();
    if (!this.#throttle.allows(resourcePath, method.httpMethod, now, this.#places.get(method))) {
      throw new GatewayFailure("throttled", `the stage's limit for ${method.httpMethod} ${resourcePath} is reached`);
    }
    requireParameters(request, method);
    const body = await readRequestBody(request.message);
    if (method.integration.type === "mock") return answerMock(method.integration, request, outcome, reply);
    await this.#answerFromFunction(method.integration, body, request, outcome, reply);
  }

  #methodOf(request: GatewayRequest): ApiMethod {
    const route = request.path.startsWith("/") ? this.#routes.match(request.path) : undefined;
    const method = route?.resource.methods.get(request.httpMethod) ?? route?.resource.methods.get("ANY");
    if (route !== undefined) request.route = route;
    if (method !== undefined) return method;
    const what = route === undefined ? "no resource has this path" : `${route.resource.path} has no such method`;
    throw new GatewayFailure("missing-route", `${request.httpMethod} ${request.path}: ${what}`);
  }

  async #answerFromFunction(
    integration: LambdaIntegration,
    body: Buffer,
    request: GatewayRequest,
    outcome: GatewayOutcome,
    reply: ServerResponse,
  ): Promise<void> {
    const { functionArn: template } = integration;
    const functionArn = template.includes("$") ? fillVariables(template, request, outcome) : template;
    this.#requirePermission(functionArn, request);
    const payload = Buffer.from(proxyEvent(request, body));
    if (payload.length > MAX_EVENT_BYTES) {
      throw new GatewayFailure(
        "body-too-large",
        `the event has ${payload.length} bytes; Lambda takes ${MAX_EVENT_BYTES}`,
      );
    }
    const { monotonicMillis } = this.#services;
    const startedAt = monotonicMillis();
    const streams = integration.transferMode === "STREAM";
    const caller = new AbortController();
    // Closed after its last byte, too; whatever answered then has nothing left to stop.
    reply.once("close", () => reply.writableFinished || caller.abort());
    const running = this.#services.functions.invoke({
      functionArn,
      payload,
      responseMode: streams ? "streaming" : "buffered",
      traceId: request.traceId,
      signal: caller.signal,
    });
    const result = await withTimeout(running, integration.timeoutMillis);
    outcome.integration = {
      requestId: result.requestId,
      status: 200,
      latencyMillis: Math.round(monotonicMillis() - startedAt),
      transferMode: integration.transferMode,
    };
    if (!streams) return answerBuffered(result, request, outcome, reply);
    await answerStreamed(result, request, outcome, reply, {
      deadlineMillis: startedAt + integration.timeoutMillis,
      idleMillis: IDLE_TIMEOUT_MILLIS[this.#api.endpointType],
      monotonicMillis,
    });
  }

  /** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html */
  #requirePermission(functionArn: string, request: GatewayRequest): void {
    const asked = `${functionArn} ${request.httpMethod} ${request.path}`;
    if (this.#allowed.has(asked)) return;
    const { region, accountId } = this.#services.context;
    const sourceArn = `arn:aws:execute-api:${region}:${accountId}:${this.#api.id}/${this.#stage.name}/${request.httpMethod}${request.path}`;
    const allowed = this.#services.functions.allowsInvocation(functionArn, {
      principal: "apigateway.amazonaws.com",
      sourceArn,
      sourceAccount: accountId,
    });
    // Permissions come with a deployment and are never taken back; callers may make up as many paths as they like.
    if (allowed && this.#allowed.size < MAX_REMEMBERED_PERMISSIONS) this.#allowed.add(asked);
    if (!allowed) {
      throw new GatewayFailure(
        "no-permission",
        `Invalid permissions on Lambda function: no AWS::Lambda::Permission of ${functionArn} allows ${sourceArn}`,
      );
    }
  }

  #fail(error: unknown, request: GatewayRequest, outcome: GatewayOutcome, reply: ServerResponse): void {
    // The client went away: nobody to tell.
    if (reply.destroyed) return;
    const { gatewayError } = asGatewayFailure(error);
    if (gatewayError.status >= 500) {
      this.#services.context.emit({
        type: "warning",
        message: `${request.httpMethod} ${request.path} → ${gatewayError.status}: ${gatewayError.cause}`,
      });
    }
    // The status is out already: only a broken connection tells that this is not the whole answer.
    if (reply.headersSent) return void reply.destroy();
    for (const name of reply.getHeaderNames()) reply.removeHeader(name);
    writeGatewayError(reply, request, outcome, gatewayError);
  }

  #logAccess(request: GatewayRequest, outcome: GatewayOutcome): void {
    const { accessLog } = this.#stage;
    if (accessLog === undefined || this.#accessLine === undefined || outcome.answeredElsewhere) return;
    outcome.finishedAtMillis = this.#services.context.clock();
    const stream = `${this.#api.id}/${this.#stage.name}`;
    this.#services.logs.append(accessLog.logGroup, stream, this.#accessLine(request, outcome));
  }
}

/** The same in every thread that has the API. */
function methodPlaces({ resources }: RestApi): ReadonlyMap<ApiMethod, number> {
  const methods = [...resources.values()].flatMap((resource) => [...resource.methods.values()]);
  return new Map(methods.map((method, place) => [method, place]));
}

function requireSmallHeaders(message: IncomingMessage): void {
  let bytes = (message.method?.length ?? 0) + (message.url?.length ?? 0);
  for (let index = 1; index < message.rawHeaders.length; index += 2) bytes += message.rawHeaders[index]?.length ?? 0;
  if (bytes > MAX_HEADER_BYTES) {
    throw new GatewayFailure(
      "headers-too-large",
      `request line and header values have ${bytes} bytes; ${MAX_HEADER_BYTES} are allowed`,
    );
  }
}

function requireParameters(request: GatewayRequest, { requiredParameters }: ApiMethod): void {
  if (requiredParameters.length === 0) return;
  const query = new URLSearchParams(request.query);
  const missing = requiredParameters
    .map((parameter) => parameter.split("."))
    .filter(([, , location, ...rest]) => {
      const name = rest.join(".");
      if (location === "header") return lastHeader(request, name.toLowerCase()) === undefined;
      return location === "querystring" && !query.has(name);
    })
    .map(([, , , ...rest]) => rest.join("."));
  if (missing.length > 0)
    throw new GatewayFailure("missing-parameters", `missing: ${missing}`, `: [${missing.join(", ")}]`);
}

function answerMock(
  mock: MockIntegration,
  request: GatewayRequest,
  outcome: GatewayOutcome,
  reply: ServerResponse,
): void {
  const body = Buffer.from(mock.body);
  outcome.status = mock.status;
  outcome.responseBytes = body.length;
  reply.statusCode = mock.status;
  setGatewayHeaders(reply, request);
  for (const [name, value] of Object.entries(mock.headers)) reply.setHeader(name, value);
  reply.setHeader("content-length", body.length);
  reply.end(request.httpMethod === "HEAD" ? undefined : body);
}

/** Rejects with integration-timeout; an answer that comes later is read and dropped. */
async function withTimeout(running: Promise<InvocationResult>, timeoutMillis: number): Promise<InvocationResult> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new GatewayFailure("integration-timeout", `no answer within ${timeoutMillis} ms`)),
      timeoutMillis,
    );
  });
  try {
    return await Promise.race([running, expired]);
  } catch (error) {
    void running.then((result) => result.body[Symbol.asyncIterator]().return?.()).catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function asGatewayFailure(error: unknown): GatewayFailure {
  if (isGatewayFailure(error)) return error;
  const cause = error instanceof Error ? error.message : String(error);
  if (isFunctionFailure(error)) return new GatewayFailure("malformed-answer", `the function failed: ${cause}`);
  if (!isServiceError(error)) return new GatewayFailure("integration-failed", cause);
  if (error.status === 429) return new GatewayFailure("function-throttled", cause);
  if (error.status === 413) return new GatewayFailure("body-too-large", cause);
  return new GatewayFailure("integration-failed", cause);
}
