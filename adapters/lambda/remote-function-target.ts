/** Models that another deployment holds: its function is called, and streams its answer back. */
import { FarthingError } from "../../core/errors.ts";
import type { ModelRecord } from "../../core/models/registry.ts";
import { encodeForwardEvent, type ForwardedEvent } from "../../core/protocols/forward/event.ts";
import { readForwardResponse } from "../../core/protocols/forward/read-response.ts";
import type { ForwardedResponse } from "../../core/protocols/forward/response.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { Target } from "../../core/serving/target.ts";
import { dependencyUnavailable } from "../aws/dependency-error.ts";
import { readEventStream } from "../aws/event-stream.ts";
import { uriEncode } from "../aws/signature.ts";
import { AwsServiceError, type SignedClient } from "../aws/signed-client.ts";

export interface RemoteFunctionOptions {
  readonly client: SignedClient;
  /** Group → name or ARN of the function that holds its models. */
  readonly functions: Readonly<Record<string, string>>;
  readonly onPremises: boolean;
  readonly clock: Clock;
  /** The current request's trace header, passed on so that both functions stand in one trace. */
  traceId(): string | undefined;
  /** For readiness, whose caller brings no deadline: a cold start with a download. */
  readonly readyWithinMillis: number;
  newRequestId(): string;
}

export function createRemoteFunctionTarget(options: RemoteFunctionOptions): Target {
  const { client, functions, clock } = options;

  async function call(model: ModelRecord, event: ForwardedEvent): Promise<ForwardedResponse> {
    const name = functions[model.group];
    if (name === undefined) throw new Error(`no function is configured for the group "${model.group}"`);
    const body = encodeForwardEvent(event);
    try {
      return await invoke(name, body, event.deadlineMillis);
    } catch (error) {
      throw error instanceof FarthingError ? error : unavailable(error);
    }
  }

  /** https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html */
  async function invoke(name: string, body: string, deadlineMillis: number): Promise<ForwardedResponse> {
    const traceId = options.traceId();
    const response = await client.send({
      method: "POST",
      path: `/2021-11-15/functions/${uriEncode(name)}/response-streaming-invocations`,
      headers: { "content-type": "application/json", ...(traceId && { "x-amzn-trace-id": traceId }) },
      body,
      // The other function is silent for as long as it loads and computes.
      silenceTimeoutMillis: Math.max(1, deadlineMillis - clock.epochMillis()),
      retry: "never-arrived",
    });
    return readForwardResponse(payloadOf(readEventStream(response)));
  }

  return {
    kind: "remote-function",
    name: "remote-function",
    onPremises: options.onPremises,
    hasCopies: false,
    async infer(model, version, request, context) {
      const { requestId, deadlineMillis, tenant } = context;
      const event = {
        type: "infer",
        requestId,
        deadlineMillis,
        ...(tenant !== undefined && { tenant }),
        model: model.name,
        version: version.digest,
        request,
      } as const;
      const response = await call(model, event);
      if (response.type === "result") return response.result;
      throw response.type === "error" ? response.error : unavailable(new Error(`answered ${response.type} to infer`));
    },
    async ready(model, version) {
      const deadlineMillis = clock.epochMillis() + options.readyWithinMillis;
      const address = { requestId: options.newRequestId(), deadlineMillis, model: model.name, version: version.digest };
      const response = await call(model, { type: "ready", ...address });
      if (response.type === "error") throw response.error;
    },
  };
}

/** What the other function wrote. Throws `dependency_unavailable` when it, or Lambda, failed after it had begun. */
async function* payloadOf(messages: ReturnType<typeof readEventStream>): AsyncGenerator<Buffer> {
  try {
    for await (const { headers, payload } of messages) {
      if (headers[":message-type"] === "exception")
        throw new Error(`Lambda broke off: ${headers[":exception-type"]} ${payload}`);
      if (headers[":event-type"] === "PayloadChunk") yield payload;
      if (headers[":event-type"] === "InvokeComplete") throwIfFailed(payload);
    }
  } catch (error) {
    throw unavailable(error);
  }
}

/** `{"ErrorCode":"Function.TimedOut","ErrorDetails":"…"}` when the other function failed after its answer had begun. */
function throwIfFailed(payload: Buffer): void {
  if (payload.length === 0) return;
  const { ErrorCode, ErrorDetails } = JSON.parse(payload.toString()) as { ErrorCode?: string; ErrorDetails?: string };
  if (ErrorCode) throw new Error(`the function failed: ${ErrorCode} ${ErrorDetails ?? ""}`);
}

const THROTTLED_STATUS = 429;

function unavailable(error: unknown): FarthingError {
  if (error instanceof AwsServiceError && error.status === THROTTLED_STATUS) {
    return new FarthingError("overloaded", "The deployment that holds the model takes no more requests right now.", {
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  return dependencyUnavailable("the deployment that holds the model", error);
}
