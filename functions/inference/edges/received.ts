import { type JobEvent, jobEventOf } from "../../../core/jobs/job-event.ts";
import { isForwardEvent } from "../../../core/protocols/forward/event.ts";
import type { HttpRequest } from "../../../core/protocols/spec/http.ts";
import type { Edge } from "./edge.ts";
import { functionUrl } from "./function-url.ts";
import { restProxy } from "./rest-proxy.ts";

/** The doors through which HTTP comes. */
const EDGES: readonly Edge[] = [restProxy, functionUrl];

export type Received =
  | { readonly type: "http"; readonly request: HttpRequest }
  /** From the router, decoded by core/serving. */
  | { readonly type: "forwarded"; readonly event: unknown }
  /** From this function itself, or from the clock. */
  | { readonly type: "job"; readonly event: JobEvent };

/** Throws an Error for an event of any other kind: a wrong trigger, or a test event of the console. */
export function receive(event: unknown): Received {
  if (typeof event === "object" && event !== null) {
    for (const edge of EDGES) if (edge.recognises(event)) return { type: "http", request: edge.decode(event) };
    if (isForwardEvent(event)) return { type: "forwarded", event };
    const jobEvent = jobEventOf(event);
    if (jobEvent !== undefined) return { type: "job", event: jobEvent };
  }
  throw new Error(
    "this function answers REST proxy events, function URL events, forwarded requests and jobs; it was sent none of them",
  );
}
