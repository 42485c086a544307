import type { GatewayResponseType } from "./gateway-errors.ts";

/** One REST API as its resources describe it. */
export interface RestApi {
  readonly id: string;
  readonly name: string;
  readonly rootResourceId: string;
  readonly endpointType: "REGIONAL" | "EDGE" | "PRIVATE";
  readonly binaryMediaTypes: readonly string[];
  readonly resources: Map<string, ApiResource>;
  readonly gatewayResponses: Map<GatewayResponseType, GatewayResponse>;
  readonly stages: Map<string, Stage>;
  readonly validators: Map<string, RequestValidator>;
}

export interface ApiResource {
  readonly id: string;
  /** `/v2/models/{name}/{proxy+}` */
  readonly path: string;
  /** By HTTP method; `ANY` for the others. */
  readonly methods: Map<string, ApiMethod>;
}

export interface ApiMethod {
  readonly httpMethod: string;
  readonly integration: Integration;
  /** `method.request.querystring.name` → whether it is required. Empty unless a validator asks. */
  readonly requiredParameters: readonly string[];
}

export type Integration = LambdaIntegration | MockIntegration;

export interface LambdaIntegration {
  readonly type: "lambda";
  /** With qualifier, if any; may hold `${stageVariables.…}`. */
  readonly functionArn: string;
  readonly transferMode: "BUFFERED" | "STREAM";
  readonly timeoutMillis: number;
}

export interface MockIntegration {
  readonly type: "mock";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface GatewayResponse {
  readonly status?: number;
  /** Header name → mapping expression: `'text'`, `context.requestId`, `method.request.header.name`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Content type → template. */
  readonly templates: Readonly<Record<string, string>>;
}

export interface RequestValidator {
  readonly body: boolean;
  readonly parameters: boolean;
}

export interface Stage {
  readonly name: string;
  readonly deploymentId: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly accessLog?: { readonly logGroup: string; readonly format: string };
  readonly throttles: readonly MethodThrottle[];
}

export interface MethodThrottle {
  /** `/*` for all, else a resource's path. */
  readonly resourcePath: string;
  /** `*` for all. */
  readonly httpMethod: string;
  readonly requestsPerSecond: number;
  readonly burst: number;
}
