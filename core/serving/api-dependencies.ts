/** What the API is made of, and what it is called with. */
import type { FarthingError } from "../errors.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { Protocol } from "../protocols/protocol.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import type { Authenticator } from "../tenants/authenticator.ts";
import type { Targets } from "./choose-target.ts";
import type { Clock } from "./clock.ts";
import type { RegistryView } from "./registry-view.ts";

export interface RequestContext {
  readonly requestId: string;
  /** Milliseconds since the epoch after which nobody waits for the answer. */
  readonly deadlineMillis: number;
  /** Aborted when the caller goes away, where that is known: on premises. A Lambda function is not told. */
  readonly signal?: AbortSignal;
  /** Whether this is the first request of the process. */
  readonly coldStart: boolean;
}

export type Api = (request: HttpRequest, context: RequestContext) => Promise<HttpResponse>;

export interface ApiDependencies {
  readonly protocols: readonly Protocol[];
  readonly authenticator: Authenticator;
  readonly registry: RegistryView;
  readonly targets: Targets;
  readonly clock: Clock;
  /** Name of this deployment, for usage lines. */
  readonly deployment: string;
  /** Must have handed the line to the outside when it returns: the last byte of the answer follows. */
  emitUsage(line: UsageLine): void;
  /** A request failed through a fault of ours; `error.cause` may hold more than a customer may see. */
  reportFault(error: FarthingError, requestId: string): void;
}
