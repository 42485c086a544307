/** One inference request, from its key to the last byte of its answer, and the usage line that accounts for it. */
import { asFarthingError, FarthingError } from "../errors.ts";
import { buildUsageLine } from "../metering/build-usage-line.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import { type ModelRecord, type ModelVersion, versionId } from "../models/registry.ts";
import { formatUsd, requestPriceUsd } from "../pricing/request-price.ts";
import type { GenerationRoute, InferenceRoute } from "../protocols/protocol.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import { accountedEvents } from "./accounted-events.ts";
import type { ApiDependencies, RequestContext } from "./api-dependencies.ts";
import { begun } from "./begun.ts";
import { namedVersion } from "./catalogue.ts";
import { chooseTarget } from "./choose-target.ts";
import { unknownModel, weightedVersion } from "./choose-version.ts";
import { countedBody } from "./counted-body.ts";
import { eventsWithin, withDeadline } from "./deadline.ts";

/** Larger bodies do not arrive: Lambda's event ends at 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_BODY_BYTES = 6 * 1024 * 1024;

/** What is known of a request so far; what stays empty was never reached. */
interface Account {
  tenant: string;
  key: string;
  model: string;
  version: string;
  target: UsageLine["target"];
  usage: InferenceUsage;
  priceUsd: number;
  /** Nothing more will be used. */
  settled: boolean;
  failure: FarthingError | undefined;
}

const NO_USAGE: InferenceUsage = { inputTokens: 0, outputTokens: 0, inferenceMillis: 0 };

export interface InferenceCall {
  readonly route: InferenceRoute | GenerationRoute;
  readonly parameters: Readonly<Record<string, string>>;
  readonly request: HttpRequest;
  readonly context: RequestContext;
}

export type Inference = (call: InferenceCall, fail: (error: FarthingError) => HttpResponse) => Promise<HttpResponse>;

export function createInference(dependencies: ApiDependencies): Inference {
  const { authenticator, registry, targets, clock } = dependencies;

  return async function infer(call, fail) {
    const startedAtMillis = clock.epochMillis();
    const started = clock.monotonicMillis();
    const account: Account = {
      tenant: "",
      key: "",
      model: "",
      version: "",
      target: "none",
      usage: NO_USAGE,
      priceUsd: 0,
      settled: false,
      failure: undefined,
    };
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
      if (account.tenant !== "") dependencies.emitUsage(usageLine(responseBytes));
    }

    function usageLine(responseBytes: number): UsageLine {
      return buildUsageLine({
        requestId: call.context.requestId,
        at: new Date(startedAtMillis).toISOString(),
        tenant: account.tenant,
        key: account.key,
        route: call.route.path,
        model: account.model,
        version: account.version,
        target: account.target,
        deployment: dependencies.deployment,
        status: account.failure?.status ?? response.status,
        ...(account.failure && { error: account.failure.code }),
        inputTokens: account.usage.inputTokens,
        outputTokens: account.usage.outputTokens,
        requestBytes: call.request.body.length,
        responseBytes,
        inferenceMillis: toMicroseconds(account.usage.inferenceMillis),
        durationMillis: toMicroseconds(clock.monotonicMillis() - started),
        coldStart: call.context.coldStart,
        priceUsd: account.priceUsd,
      });
    }
  };

  async function answer(call: InferenceCall, account: Account, createdAtSeconds: number): Promise<HttpResponse> {
    const { request, context } = call;
    await identify(request, account);
    if (request.body.length > MAX_BODY_BYTES) throw bodyTooLarge(request.body.length);
    const pending = call.route.open(request, call.parameters);
    account.model = pending.model;
    const { model, version } = await choose(pending.model, pending.version, account.tenant);
    account.version = version.digest;
    const target = chooseTarget(model, targets);
    account.target = target.kind;
    const decoded = pending.decode(version);
    const work = target.infer(model, version, decoded.request, context);
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
        "x-farthing-target": target.kind,
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

  async function identify(request: HttpRequest, account: Account): Promise<void> {
    const pending = authenticator.authenticate(request.headers);
    const caller = pending instanceof Promise ? await pending : pending;
    if (caller.type === "known") {
      account.tenant = caller.tenant;
      account.key = caller.keyPrefix;
      return;
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

/** Every digit of a log line is paid for, and no clock here is better than a microsecond. */
const toMicroseconds = (millis: number): number => Math.round(millis * 1000) / 1000;
