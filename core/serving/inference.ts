/** One inference request, from its key to the last byte of its answer, and the usage line that accounts for it. */
import { asFarthingError, FarthingError } from "../errors.ts";
import { type ModelRecord, type ModelVersion, versionId } from "../models/registry.ts";
import { formatUsd, requestPriceUsd } from "../pricing/request-price.ts";
import type { GenerationRoute, InferenceRoute } from "../protocols/protocol.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import { type Account, newAccount, usageLineOf } from "./account.ts";
import { accountedEvents } from "./accounted-events.ts";
import { answerFromTargets } from "./answer-from-targets.ts";
import type { ApiDependencies, RequestContext } from "./api-dependencies.ts";
import { begun } from "./begun.ts";
import { namedVersion } from "./catalogue.ts";
import { unknownModel, weightedVersion } from "./choose-version.ts";
import { countedBody } from "./counted-body.ts";
import { eventsWithin, withDeadline } from "./deadline.ts";
import type { Caller } from "./work.ts";

/** Larger bodies do not arrive: Lambda's event ends at 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_BODY_BYTES = 6 * 1024 * 1024;

export interface InferenceCall {
  readonly route: InferenceRoute | GenerationRoute;
  readonly parameters: Readonly<Record<string, string>>;
  readonly request: HttpRequest;
  readonly context: RequestContext;
}

export type Inference = (call: InferenceCall, fail: (error: FarthingError) => HttpResponse) => Promise<HttpResponse>;

export function createInference(dependencies: ApiDependencies): Inference {
  const { authenticator, registry, clock } = dependencies;
  const answerWork = answerFromTargets(dependencies.targets);

  return async function infer(call, fail) {
    const startedAtMillis = clock.epochMillis();
    const started = clock.monotonicMillis();
    const account = newAccount();
    let response: HttpResponse;
    let answered: FarthingError | undefined;
    try {
      response = await answer(call, account, Math.floor(startedAtMillis / 1000));
    } catch (thrown) {
      answered = asFarthingError(thrown);
      account.failure = answered;
      account.settled = true;
      response = fail(answered);
    }
    return countedBody(response, settle, () => account.settled);

    function settle(responseBytes: number): void {
      const { failure } = account;
      // The answer had begun: nobody but the stream itself has told of it yet.
      if (failure !== undefined && failure !== answered && failure.status >= 500) {
        dependencies.reportFault(failure, call.context.requestId);
      }
      // A key that nobody was ever given has no tenant to account for, and could be sent by the million.
      if (account.tenant === "") return;
      dependencies.emitUsage(
        usageLineOf(account, {
          requestId: call.context.requestId,
          startedAtMillis,
          route: call.route.path,
          deployment: dependencies.deployment,
          status: response.status,
          requestBytes: call.request.body.length,
          responseBytes,
          durationMillis: clock.monotonicMillis() - started,
          coldStart: call.context.coldStart,
        }),
      );
    }
  };

  async function answer(call: InferenceCall, account: Account, createdAtSeconds: number): Promise<HttpResponse> {
    const { request, context } = call;
    const caller = await identify(request, account);
    if (request.body.length > MAX_BODY_BYTES) throw bodyTooLarge(request.body.length);
    const pending = call.route.open(request, call.parameters);
    account.model = pending.model;
    const { model, version } = await choose(pending.model, pending.version, account.tenant);
    account.version = version.digest;
    const decoded = pending.decode(version);
    const { headers } = request;
    const { journal } = account;
    const work = answerWork({ caller, model, version, request: decoded.request, headers, context, journal });
    const result = await withDeadline(work, context.deadlineMillis, clock);
    const priceUsd = (usage: InferenceUsage) => requestPriceUsd(version.price, usage);
    const charge = (usage: InferenceUsage): void => {
      account.usage = usage;
      account.priceUsd = priceUsd(usage);
    };
    const { requestId } = context;
    const answeredBy = { model, version, requestId, createdAtSeconds, priceUsd };
    let response: HttpResponse;
    if (result.type === "generation" && "encodeEvents" in decoded) {
      const { deadlineMillis } = context;
      response = await decoded.encodeEvents(
        await accounted(result.events, charge, account, deadlineMillis),
        answeredBy,
      );
      account.delivered = isStream(response.body);
    } else if (result.type !== "generation" && "encode" in decoded) {
      charge(result.usage);
      account.settled = true;
      response = decoded.encode(result, answeredBy);
    } else {
      throw new Error(`the target answered ${result.type} to ${decoded.request.type}`);
    }
    return {
      ...response,
      headers: {
        ...response.headers,
        "x-request-id": requestId,
        "x-farthing-model-version": versionId(version.digest),
        "x-farthing-target": journal.target,
        // A stream's price is not known yet: it comes with its last event.
        ...(account.settled && { "x-farthing-price-usd": formatUsd(account.priceUsd) }),
      },
    };
  }

  /** The events, charged as they pass; the first one is there. */
  function accounted(
    events: AsyncIterable<GenerationEvent>,
    charge: (usage: InferenceUsage) => void,
    account: Account,
    deadlineMillis: number,
  ): Promise<AsyncIterable<GenerationEvent>> {
    const onEnd = (failure?: FarthingError): void => {
      account.settled = true;
      account.failure = failure;
    };
    const inTime = eventsWithin(events, deadlineMillis, clock);
    return begun(accountedEvents(inTime, { onUsage: charge, onEnd }, clock));
  }

  async function identify(request: HttpRequest, account: Account): Promise<Caller> {
    const pending = authenticator.authenticate(request.headers);
    const caller = pending instanceof Promise ? await pending : pending;
    if (caller.type === "known") {
      account.tenant = caller.tenant;
      account.key = caller.keyPrefix;
      return caller;
    }
    if (caller.record !== undefined) {
      account.tenant = caller.record.tenant;
      account.key = caller.record.prefix;
    }
    throw caller.error;
  }

  async function choose(
    name: string,
    requested: string | undefined,
    tenant: string,
  ): Promise<{ readonly model: ModelRecord; readonly version: ModelVersion }> {
    const pending = registry.get(name);
    const model = pending instanceof Promise ? await pending : pending;
    if (model === undefined) throw unknownModel(name);
    if (requested !== undefined) return namedVersion(registry, model, requested);
    return { model, version: weightedVersion(model, tenant) };
  }
}

const bodyTooLarge = (bytes: number): FarthingError =>
  new FarthingError("payload_too_large", `The body has ${bytes} bytes; at most ${MAX_BODY_BYTES} are allowed.`);

/** What streams has begun to reach its reader when the response is returned; everything else is still ours to take back. */
const isStream = (body: HttpResponse["body"]): boolean => typeof body !== "string" && !(body instanceof Uint8Array);
