import type { GenerationRoute, InferenceRoute } from "../protocols/protocol.ts";
import type { HttpRequest } from "../protocols/spec/http.ts";
import type { RequestContext } from "./api-dependencies.ts";

/** One request to one model, as the router has matched it. */
export interface InferenceCall {
  readonly route: InferenceRoute | GenerationRoute;
  readonly parameters: Readonly<Record<string, string>>;
  readonly request: HttpRequest;
  readonly context: RequestContext;
}
