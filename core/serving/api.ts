/**
 * The API behind every door: route → authenticate → version → target → decode → infer → price → usage line → encode.
 * It never throws: whatever goes wrong leaves in the protocol's own error form.
 */
import { asFarthingError, FarthingError } from "../errors.ts";
import type { DocumentRoute, GenerationRoute } from "../protocols/protocol.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import { requireScope } from "../tenants/scope.ts";
import type { Api, ApiDependencies, RequestContext } from "./api-dependencies.ts";
import { callerDeadline } from "./caller-deadline.ts";
import { createCatalogue } from "./catalogue.ts";
import { chooseTarget } from "./choose-target.ts";
import { withDeadline } from "./deadline.ts";
import { heartbeatsOf, withHeartbeats } from "./heartbeats.ts";
import { createInference } from "./inference.ts";
import { createRouter } from "./router.ts";
import { answeredOnce } from "./run-once.ts";

export function createApi(dependencies: ApiDependencies): Api {
  const { registry, targets, authenticator, clock } = dependencies;
  const router = createRouter(dependencies.protocols);
  const catalogue = createCatalogue(registry, (model) => chooseTarget(model, targets), dependencies.usage, {
    jobs: dependencies.jobs?.desk,
    files: dependencies.files,
    batches: dependencies.batches,
  });
  const infer = createInference(dependencies);
  const heartbeats = heartbeatsOf(dependencies);

  async function answerDocument(
    route: DocumentRoute,
    parameters: Readonly<Record<string, string>>,
    request: HttpRequest,
    context: RequestContext,
    fail: (error: FarthingError) => HttpResponse,
  ): Promise<HttpResponse> {
    const authentication = route.open ? undefined : await authenticator.authenticate(request.headers);
    if (authentication?.type === "refused") throw authentication.error;
    if (authentication !== undefined) requireScope(authentication.scopes, { route: route.path });
    const question = { query: request.query, caller: authentication, nowMillis: clock.epochMillis(), request };
    const answering = () => withDeadline(route.answer(parameters, catalogue, question), context.deadlineMillis, clock);
    return route.method === "POST" && authentication !== undefined
      ? answeredOnce(
          { once: dependencies.once, route, tenant: authentication.tenant, request, context, fail },
          answering,
        )
      : answering();
  }

  return async function answer(request, context) {
    const match = router.match(request.method, request.path);
    const { protocol } = match;
    const fail = (thrown: unknown): HttpResponse => {
      const told = asFarthingError(thrown);
      const error = match.type === "route" && match.route.kind === "generation" ? inWordsOf(match.route, told) : told;
      if (error.status >= 500) dependencies.reportFault(error, context.requestId);
      return withHeaders(protocol.encodeError(error, context.requestId), context.requestId);
    };
    switch (match.type) {
      case "unknown":
        return fail(new FarthingError("unknown_route", `There is nothing at ${shownPath(request.path)}.`));
      case "wrong-method":
        return request.method === "OPTIONS"
          ? { status: 204, headers: { allow: match.allowed.join(", "), "x-request-id": context.requestId }, body: "" }
          : withAllow(fail(wrongMethod(request, match.allowed)), match.allowed);
      case "route":
        try {
          const deadlineMillis = callerDeadline(request, clock.epochMillis(), context.deadlineMillis);
          const inTime = deadlineMillis === context.deadlineMillis ? context : { ...context, deadlineMillis };
          if (match.route.kind !== "document") {
            const call = { route: match.route, parameters: match.parameters, request, context: inTime };
            return withHeartbeats(await infer(call, fail), heartbeats);
          }
          const response = await answerDocument(match.route, match.parameters, request, inTime, fail);
          return headOf(request, withHeaders(response, context.requestId));
        } catch (thrown) {
          return headOf(request, fail(thrown));
        }
    }
  };
}

const inWordsOf = (route: GenerationRoute, error: FarthingError): FarthingError => route.inOwnWords?.(error) ?? error;

const withHeaders = (response: HttpResponse, requestId: string): HttpResponse => ({
  ...response,
  headers: { ...response.headers, "x-request-id": requestId },
});

const withAllow = (response: HttpResponse, allowed: readonly string[]): HttpResponse => ({
  ...response,
  headers: { ...response.headers, allow: allowed.join(", ") },
});

const headOf = (request: HttpRequest, response: HttpResponse): HttpResponse =>
  request.method === "HEAD" ? { ...response, body: "" } : response;

const wrongMethod = (request: HttpRequest, allowed: readonly string[]): FarthingError =>
  new FarthingError(
    "method_not_allowed",
    `${request.method.slice(0, 16)} is not allowed at ${shownPath(request.path)}; allowed: ${allowed.join(", ")}.`,
  );

const shownPath = (path: string): string => (path.length <= 100 ? path : `${path.slice(0, 99)}…`);
