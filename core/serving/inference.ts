/** One inference request, from its key to the last byte of its answer, and the usage line that accounts for it. */
import { asFarthingError, FarthingError } from "../errors.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import { type ModelRecord, type ModelVersion, versionId } from "../models/registry.ts";
import { formatUsd } from "../pricing/request-price.ts";
import { type RequestPricer, requestPricer } from "../pricing/request-pricer.ts";
import type { DecodedGeneration, DecodedInference } from "../protocols/protocol.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import { isBetterAsJob } from "../routing/wake/asleep.ts";
import { appliedPreferences, JOB_WISHES, wishesOf } from "../routing/wake/wishes.ts";
import type { Authentication } from "../tenants/authenticator.ts";
import { requireScope } from "../tenants/scope.ts";
import { type Account, accountedOnce, newAccount, usageLineOf } from "./account.ts";
import type { ApiDependencies, RequestContext } from "./api-dependencies.ts";
import { explained } from "./attempt.ts";
import { estimatedTokens, usageBounds } from "./bounds.ts";
import { budgetedEvents } from "./budgeted-events.ts";
import { namedVersion } from "./catalogue.ts";
import { budgetReached, createCharging } from "./charging.ts";
import { isForwarded } from "./choose-target.ts";
import { unknownModel, weightedVersion } from "./choose-version.ts";
import { bytesOf, countedBody, isStream } from "./counted-body.ts";
import { eventsWithin, withDeadline } from "./deadline.ts";
import { debuggedBody } from "./debugged-body.ts";
import { heartbeatsOf, lateJson, patientJson } from "./heartbeats.ts";
import { createHold, HELD, lateBody } from "./hold.ts";
import type { InferenceCall } from "./inference-call.ts";
import { namesRun, recordedAnswer, repeatedAnswer } from "./run-once.ts";
import { takenAsJob } from "./taken-as-job.ts";
import type { Caller, Journal } from "./work.ts";

/** Larger bodies do not arrive: Lambda's event ends at 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_BODY_BYTES = 6 * 1024 * 1024;

export type Inference = (call: InferenceCall, fail: (error: FarthingError) => HttpResponse) => Promise<HttpResponse>;

export function createInference(dependencies: ApiDependencies): Inference {
  const { authenticator, registry, admission, clock } = dependencies;
  const heartbeats = heartbeatsOf(dependencies);

  return async function infer(call, fail) {
    const startedAtMillis = clock.epochMillis();
    const started = clock.monotonicMillis();
    const account = newAccount();
    let response: HttpResponse | undefined;
    let answered: FarthingError | undefined;
    try {
      const failLate = (late: FarthingError): HttpResponse => {
        answered = late;
        return fail(late);
      };
      response = await answer(call, account, Math.floor(startedAtMillis / 1000), { failLate, lineOf });
    } catch (thrown) {
      answered = asFarthingError(thrown);
      account.failure = answered;
      account.delivered = false;
      account.charging?.settle("failed");
      account.settled = true;
      response = fail(answered);
    }
    if (account.run !== undefined) response = await recordedAnswer(account, response);
    if (account.debugUntilMillis > startedAtMillis && dependencies.emitDebug !== undefined) {
      const { tenant, key } = account;
      const debugged = { request: call.request, requestId: call.context.requestId, tenant, key };
      response = debuggedBody(response, debugged, dependencies.emitDebug);
    }
    const counted = countedBody(
      response,
      settle,
      () => account.settled,
      (bytes) => {
        account.responseBytes = bytes;
      },
    );
    return account.run?.detach(counted) ?? counted;

    function settle(responseBytes: number): void {
      // A stream that its reader left: charged for what went out.
      account.charging?.settle("answered");
      const { failure } = account;
      call.context.job?.onOutcome({ failure, usage: account.usage, priceUsd: account.priceUsd });
      // The answer had begun: nobody but the stream itself has told of it yet.
      if (failure !== undefined && failure !== answered && failure.status >= 500) {
        dependencies.reportFault(failure, call.context.requestId);
      }
      // A refused key is on nobody's account: it could be sent by the million, and a line for those that were once given
      // out would take a time of its own.
      if (account.tenant === "") return;
      account.responseBytes = responseBytes;
      const line = lineOf(account);
      dependencies.emitUsage(accountedOnce(line, call.context.job?.accounting, failure));
    }

    function lineOf(so: Account): UsageLine {
      return usageLineOf(so, {
        requestId: call.context.requestId,
        startedAtMillis,
        route: call.route.path,
        deployment: dependencies.deployment,
        status: response?.status ?? 200,
        requestBytes: call.request.body.length,
        responseBytes: so.responseBytes,
        durationMillis: clock.monotonicMillis() - started,
        coldStart: call.context.coldStart,
        initMillis: call.context.initMillis,
      });
    }
  };

  async function answer(
    call: InferenceCall,
    account: Account,
    createdAtSeconds: number,
    { failLate, lineOf }: LateWords,
  ): Promise<HttpResponse> {
    const { request, context } = call;
    const began = clock.monotonicMillis();
    const identified = identify(call, account);
    const caller = identified instanceof Promise ? await identified : identified;
    if (request.body.length > MAX_BODY_BYTES) throw bodyTooLarge(request.body.length);
    const pending = call.route.open(request, call.parameters);
    account.model = pending.model;
    requireScope(caller.scopes, { route: call.route.path, model: pending.model });
    const chosen = choose(pending.model, pending.version, account.tenant);
    const { model, version } = chosen instanceof Promise ? await chosen : chosen;
    account.version = version.digest;
    const decoded = pending.decode(version);
    const wishes = context.job === undefined ? wishesOf(request.headers) : JOB_WISHES;
    const streams = "streams" in decoded && decoded.streams;
    if (namesRun(call)) {
      const repeated = await repeatedAnswer({
        once: dependencies.once,
        call,
        account,
        streams,
        failed(error) {
          account.failure = error;
          const document = failLate(error);
          if (!("streams" in decoded && decoded.streams)) return document;
          const nobody = { model, version, requestId: context.requestId, createdAtSeconds, priceUsd: () => 0 };
          return decoded.encodeEvents(failing(error), nobody);
        },
        lineOf,
      });
      if (repeated !== undefined) return repeated;
    }
    const asJob = takenAsJob({ jobs: dependencies.jobs, call, caller, model: pending.model, wishes, clock });
    if (asJob !== undefined && wishes.respondAsync && wishes.waitMillis === undefined) {
      account.hasBegun = true;
      return asJob();
    }
    // Before any work: nothing runs that could not be charged.
    const pricing = pricerFor(caller, model, version);
    let pricer = pricing instanceof Promise ? await pricing : pricing;
    const { requestId, deadlineMillis } = context;
    const { journal } = account;
    const demand = {
      tenant: caller.tenant,
      keyHash: caller.keyHash,
      terms: caller.terms,
      requestId,
      maximumPricePicodollars: pricer.maximum(
        usageBounds(decoded.request, request.body.length, deadlineMillis - clock.epochMillis()),
      ),
      estimatedTokens: estimatedTokens(decoded.request, request.body.length),
      deadlineMillis,
      stream: paysAsItGoes(decoded),
    };
    const admitting = admission.admit(demand);
    const grant = admitting instanceof Promise ? await admitting : admitting;
    account.leases = grant.leases;
    const charging = createCharging({
      account,
      grant,
      price: (usage) =>
        pricer.price(
          {
            ...usage,
            requestBytes: request.body.length,
            responseBytes: account.responseBytes,
            ...(wasKept(journal) && { cacheHit: true }),
          },
          () => clock.monotonicMillis() - began,
        ),
    });
    account.charging = charging;
    const { headers } = request;
    const applied = context.job === undefined ? appliedPreferences(wishes, false) : undefined;
    const known = {
      ...grant.headers(),
      "x-request-id": requestId,
      ...(applied !== undefined && { "preference-applied": applied }),
    };
    account.hasBegun = true;
    const hold = createHold(heartbeats);
    const work = dependencies.answer({
      caller,
      model,
      version,
      request: decoded.request,
      headers,
      context: { ...(account.run === undefined ? context : withoutSignal(context)), tenant: caller.tenant },
      patience: { wishes, ...hold },
      journal,
    });
    const completed = complete();
    try {
      const whole = await hold.orHeld(completed);
      return whole === HELD ? later() : whole;
    } catch (thrown) {
      const error = asFarthingError(thrown);
      if (asJob === undefined || !isBetterAsJob(error)) throw error;
      charging.settle("failed");
      return asJob();
    }

    /** The status is out before the answer is there: an error is its body. */
    function later(): HttpResponse {
      const body = lateBody(
        completed.catch((thrown: unknown) => failed(asFarthingError(thrown))),
        streams,
      );
      const response = streams ? { status: 200, headers: EVENT_STREAM_HEADERS, body } : lateJson(body, heartbeats);
      return { ...response, headers: { ...response.headers, ...known } };
    }

    function failed(error: FarthingError): HttpResponse | Promise<HttpResponse> {
      account.failure = error;
      account.delivered = false;
      charging.settle("failed");
      account.settled = true;
      const document = failLate(error);
      if (!("streams" in decoded && decoded.streams)) return document;
      const answeredBy = { model, version, requestId, createdAtSeconds, priceUsd: charging.priceUsd };
      return decoded.encodeEvents(failing(error), answeredBy);
    }

    async function complete(): Promise<HttpResponse> {
      const result = await withDeadline(work, deadlineMillis, clock);
      const answering = journal.answeredBy ?? { model, version, standsIn: false };
      if (answering.version !== version) {
        account.version = answering.version.digest;
        pricer = await pricerFor(caller, answering.model, answering.version);
      }
      const answeredBy = { ...answering, requestId, createdAtSeconds, priceUsd: charging.priceUsd };
      let response: HttpResponse;
      if (result.type === "generation" && "encodeEvents" in decoded) {
        const { streams } = decoded;
        const events = eventsWithin(result.events, deadlineMillis, clock);
        const budgeted = await budgetedEvents(events, { account, charging, streams, clock });
        response = await patientJson(decoded.encodeEvents(budgeted, answeredBy), heartbeats, failLate);
        account.delivered = isStream(response.body);
      } else if (result.type !== "generation" && "encode" in decoded) {
        response = decoded.encode(result, answeredBy);
        account.usage = result.usage;
      } else {
        throw new Error(`the target answered ${result.type} to ${decoded.request.type}`);
      }
      if (!isStream(response.body)) {
        account.responseBytes = bytesOf(response.body);
        const covered = charging.spend(account.usage);
        const isCovered = covered instanceof Promise ? await covered : covered;
        // A generation that paid as it went is charged what was approved until here.
        if (!isCovered && result.type !== "generation") throw budgetReached();
        charging.settle("answered");
      }
      const told: Record<string, string> = { ...response.headers, ...known };
      told["x-farthing-model-version"] = versionId(answering.version.digest);
      told["x-farthing-target"] = journal.target;
      if (journal.cache !== undefined) told["x-farthing-cache"] = journal.cache;
      if (answering.standsIn) told["x-farthing-model"] = answering.model.name;
      if (headers["x-farthing-explain"] !== undefined) told["x-farthing-route"] = explained(journal.attempts ?? []);
      // A stream's price is not known yet: it comes with its last event.
      if (account.settled) told["x-farthing-price-usd"] = formatUsd(account.priceUsd);
      return { status: response.status, headers: told, body: response.body };
    }
  }

  function pricerFor(
    { tenant }: Caller,
    model: ModelRecord,
    { price }: ModelVersion,
  ): RequestPricer | Promise<RequestPricer> {
    return requestPricer(dependencies.pricing ?? {}, {
      price,
      tenant,
      model: model.name,
      ...(isForwarded(model, dependencies.targets) && { group: model.group }),
    });
  }

  /** A Promise only where key, tenant or model have to be looked up: most requests wait for nothing but their model. */
  function identify({ request, context: { job } }: InferenceCall, account: Account): Caller | Promise<Caller> {
    const pending =
      job === undefined ? authenticator.authenticate(request.headers) : dependencies.jobs?.callerOf(job.keyHash);
    if (pending === undefined) throw new Error("this deployment runs no jobs");
    return pending instanceof Promise
      ? pending.then((authentication) => admitted(authentication, account))
      : admitted(pending, account);
  }

  function choose(name: string, requested: string | undefined, tenant: string): Chosen | Promise<Chosen> {
    const pending = registry.get(name);
    return pending instanceof Promise
      ? pending.then((model) => chosenOf(model, name, requested, tenant))
      : chosenOf(pending, name, requested, tenant);
  }

  function chosenOf(
    model: ModelRecord | undefined,
    name: string,
    requested: string | undefined,
    tenant: string,
  ): Chosen | Promise<Chosen> {
    if (model === undefined) throw unknownModel(name);
    if (requested !== undefined) return namedVersion(registry, model, requested);
    return { model, version: weightedVersion(model, tenant) };
  }
}

interface Chosen {
  readonly model: ModelRecord;
  readonly version: ModelVersion;
}

/** Throws what a refused caller is told. */
function admitted(authentication: Authentication, account: Account): Caller {
  if (authentication.type === "refused") throw authentication.error;
  account.tenant = authentication.tenant;
  account.key = authentication.keyPrefix;
  account.debugUntilMillis = authentication.debugUntilMillis;
  return authentication;
}

/** How an answer that has begun tells of its end. */
interface LateWords {
  /** The document of an error, when the status is out already. */
  failLate(error: FarthingError): HttpResponse;
  lineOf(account: Account): UsageLine;
}

/** What is to run once is worth its end also when its caller has gone away: the next one gets it. */
const withoutSignal = ({ signal: _, ...context }: RequestContext): RequestContext => context;

/** The answer was made for somebody else, or before; the card says what it costs then. */
const wasKept = ({ cache }: Journal): boolean => cache === "hit" || cache === "coalesced";

/** Where the maximum is not known before, or the caller sees what is made as it is made. */
const paysAsItGoes = (decoded: DecodedInference | DecodedGeneration): boolean =>
  "streams" in decoded && (decoded.streams || decoded.request.maxTokens === undefined);

const EVENT_STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" };

async function* failing(error: FarthingError): AsyncGenerator<GenerationEvent> {
  throw error;
}

const bodyTooLarge = (bytes: number): FarthingError =>
  new FarthingError("payload_too_large", `The body has ${bytes} bytes; at most ${MAX_BODY_BYTES} are allowed.`);
