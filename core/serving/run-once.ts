/** Requests with an Idempotency-Key (core/idempotency), where the request is decoded and nothing has begun. */
import { FarthingError } from "../errors.ts";
import { IDEMPOTENCY_KEY_HEADER, readIdempotencyKey } from "../idempotency/idempotency-key.ts";
import { once } from "../idempotency/once.ts";
import type { OnceCall } from "../idempotency/once-call.ts";
import { interrupted } from "../idempotency/unavailable.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import type { Account } from "./account.ts";
import type { ApiDependencies, RequestContext } from "./api-dependencies.ts";
import type { InferenceCall } from "./inference-call.ts";

export interface OnceParts {
  readonly once: ApiDependencies["once"];
  readonly call: InferenceCall;
  readonly account: Account;
  readonly streams: boolean;
  failed: OnceCall["failed"];
  /** Of an account, as it would be written now. */
  lineOf(account: Account): UsageLine;
}

/** Whether the request brings a name to run under. A job runs what was taken under its key. */
export const namesRun = ({ request, context }: InferenceCall): boolean =>
  context.job === undefined && request.headers[IDEMPOTENCY_KEY_HEADER] !== undefined;

/** The answer to a request that came before; undefined: it is to be run, `account.run` says under which key, if any. */
export async function repeatedAnswer(parts: OnceParts): Promise<HttpResponse | undefined> {
  const { account, streams, failed, lineOf } = parts;
  const { request, context, route } = parts.call;
  const key = readIdempotencyKey(request.headers);
  if (key === undefined) return undefined;
  if (parts.once === undefined) throw noKeysKept();
  const begun = await parts.once.begin({
    tenant: account.tenant,
    route: route.path,
    key,
    request,
    requestId: context.requestId,
    deadlineMillis: context.deadlineMillis,
    streams,
    failed,
    made: () => lineOf({ ...account, failure: interrupted(), delivered: true }),
    onLost() {
      account.failure = interrupted();
      account.delivered = false;
      account.charging?.settle("failed");
      account.settled = true;
    },
  });
  if (begun.type === "run") {
    account.run = begun.run;
    return undefined;
  }
  account.isReplay = true;
  return begun.response;
}

/** The answer of a request that was run, or refused, under its key: recorded where something began. */
export async function recordedAnswer(account: Account, response: HttpResponse): Promise<HttpResponse> {
  const { run } = account;
  if (run === undefined) return response;
  if (account.hasBegun && !hasRefusedItself(account)) return run.record(response);
  account.run = undefined;
  await run.release();
  return response;
}

export interface DocumentParts {
  readonly once: ApiDependencies["once"];
  readonly route: { readonly path: string };
  readonly tenant: string;
  readonly request: HttpRequest;
  readonly context: RequestContext;
  fail(error: FarthingError): HttpResponse;
}

/** What a route without a model answers: uploads, batches, cancellations. */
export function answeredOnce(parts: DocumentParts, answer: () => Promise<HttpResponse>): Promise<HttpResponse> {
  const { route, tenant, request, context, fail } = parts;
  const key = readIdempotencyKey(request.headers);
  if (key === undefined) return answer();
  if (parts.once === undefined) throw noKeysKept();
  const { requestId, deadlineMillis } = context;
  const call = { tenant, route: route.path, key, request, requestId, deadlineMillis, streams: false, failed: fail };
  return once(call, parts.once, answer);
}

/** The only model that was asked had no place, or was not there: it ran nothing, and may be asked again under the same key. */
const hasRefusedItself = ({ failure, delivered, journal }: Account): boolean =>
  !delivered &&
  (failure?.code === "overloaded" || failure?.code === "model_not_ready") &&
  (journal.attempts?.length ?? 0) <= 1;

const noKeysKept = (): FarthingError =>
  new FarthingError(
    "dependency_unavailable",
    "This deployment keeps no record of requests, so it cannot run one once; send it without Idempotency-Key.",
  );
