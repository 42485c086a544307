import type { IncomingMessage } from "node:http";
import type { RestApi, Stage } from "./rest-api.ts";
import type { RouteMatch } from "./routes.ts";

/** One request at the gateway, and what has been learnt about it so far. */
export interface GatewayRequest {
  readonly api: RestApi;
  readonly stage: Stage;
  readonly accountId: string;
  readonly requestId: string;
  /** The `x-amz-apigw-id` header. */
  readonly extendedRequestId: string;
  readonly traceId: string;
  readonly receivedAtMillis: number;
  readonly message: IncomingMessage;
  readonly httpMethod: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly sourceIp: string;
  readonly domainName: string;
  route?: RouteMatch;
}

/** What became of it; filled in as the answer goes out. */
export interface GatewayOutcome {
  status: number;
  responseBytes: number;
  error?: { readonly message: string; readonly responseType: string; readonly cause: string };
  integration?: {
    readonly requestId?: string;
    readonly status?: number;
    readonly latencyMillis?: number;
    readonly transferMode: "BUFFERED" | "STREAM";
    readonly firstContentMillis?: number;
  };
  finishedAtMillis?: number;
  /** Whoever answered has logged it, too. */
  answeredElsewhere?: boolean;
}

/** The last value that was sent, as API Gateway takes it where only one counts. `name` in lower case. */
export function lastHeader({ message }: Pick<GatewayRequest, "message">, name: string): string | undefined {
  const { rawHeaders } = message;
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    const header = rawHeaders[index] as string;
    if (header.length === name.length && header.toLowerCase() === name) return rawHeaders[index + 1];
  }
  return undefined;
}
