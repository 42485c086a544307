/** One request to one copy: chosen, counted, limited in time, and told about in metrics. */
import type { Agent, IncomingMessage } from "node:http";
import { ServiceError } from "../../endpoint/service-error.ts";
import { callContainer } from "../container/call-container.ts";
import { noCapacity } from "../errors.ts";
import type { Copy } from "../hosting/copy.ts";
import type { HostingMetrics } from "../hosting-metrics.ts";
import type { SageMakerOptions } from "../options.ts";
import { chooseCopy } from "./choose-copy.ts";
import type { Invocation } from "./invocation.ts";
import { HUNG_UP, type ModelFailure, modelError, TIMED_OUT } from "./model-error.ts";
import type { Sessions } from "./sessions.ts";

export interface RuntimeServices {
  readonly account: { readonly region: string; readonly accountId: string };
  readonly agent: Agent;
  readonly metrics: HostingMetrics;
  readonly options: SageMakerOptions;
  readonly sessions: Sessions;
  readonly clock: () => number;
}

export interface CopyAnswer {
  readonly copy: Copy;
  readonly head: IncomingMessage;
  /** Milliseconds from the request to the head of the answer. */
  readonly modelMillis: number;
  /** Whether the time limit, and not the caller, ended it. */
  timedOut(): boolean;
  /** Words for a container that failed like that. */
  failure(failure: ModelFailure): ServiceError;
  /** Once, when the answer is over. */
  finish(): void;
}

const MAX_ERROR_BYTES = 16 * 1024;

/** Rejects with ServiceError when no copy serves, or the container answers with an error or not at all. */
export async function callCopy(
  invocation: Invocation,
  body: Uint8Array,
  limits: { readonly timeoutMillis: number; readonly callerGone: AbortSignal },
  services: RuntimeServices,
): Promise<CopyAnswer> {
  const { workload, endpoint, sessionId } = invocation;
  const { metrics, sessions, account, clock } = services;
  const routing = endpoint.config.ProductionVariants.find(
    ({ VariantName }) => VariantName === workload.identity.variantName,
  )?.RoutingConfig;
  const copy =
    (sessionId === undefined ? undefined : sessions.copyOf(sessionId)) ??
    chooseCopy(workload.serving, routing, body, Math.random());
  if (copy?.state.type !== "in-service") {
    if (workload.identity.kind === "model") {
      throw new ServiceError(503, "ServiceUnavailable", "The service is unavailable. Try your call again.");
    }
    metrics.noCapacity(workload.identity);
    throw noCapacity();
  }
  const failure = (what: ModelFailure) =>
    modelError(what, { ...account, logGroup: workload.logGroup, logStream: copy.logStream });

  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), limits.timeoutMillis);
  const release = copy.begin();
  workload.meter.change(1, clock());
  let open = true;
  const finish = () => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    workload.meter.change(-1, clock());
    release();
  };
  const started = performance.now();
  try {
    const head = await callContainer(
      {
        port: copy.state.port,
        body,
        headers: invocation.containerHeaders,
        signal: AbortSignal.any([timeout.signal, limits.callerGone]),
      },
      services.agent,
    );
    const status = head.statusCode ?? 0;
    if (status < 200 || status > 299) {
      throw failure({ status, message: await beginning(head) });
    }
    const opened = head.headers["x-amzn-sagemaker-new-session-id"];
    const closed = head.headers["x-amzn-sagemaker-closed-session-id"];
    if (typeof opened === "string") sessions.opened(opened, copy);
    if (typeof closed === "string") sessions.closed(closed);
    const modelMillis = performance.now() - started;
    return { copy, head, modelMillis, timedOut: () => timeout.signal.aborted, failure, finish };
  } catch (error) {
    finish();
    if (timeout.signal.aborted) throw failure(TIMED_OUT);
    if (error instanceof ServiceError || limits.callerGone.aborted) throw error;
    throw failure(HUNG_UP);
  }
}

/** As much of an error's body as fits into the message. */
async function beginning(head: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of head as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_ERROR_BYTES) break;
    }
  } catch {
    // What came before it broke off is all there is to tell.
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Headers of the container that reach the caller: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_ResponseSyntax */
export function answerHeaders({ head }: CopyAnswer, { workload }: Invocation): Record<string, string> {
  const passed = ["custom-attributes", "new-session-id", "closed-session-id"].flatMap((name) => {
    const value = head.headers[`x-amzn-sagemaker-${name}`];
    return typeof value === "string" ? [[`x-amzn-sagemaker-${name}`, value] as const] : [];
  });
  return { "x-amzn-invoked-production-variant": workload.identity.variantName, ...Object.fromEntries(passed) };
}
