/** What an environment whose threads hold many requests is told of a door of the API, and what it says about its own. */
import type { FailureDocument } from "./function-failure.ts";
import type { PolicyStatement } from "./resource-policy.ts";

/** A door that the threads of a function may open themselves, so that a request is answered where it arrives. */
export interface ThreadDoor {
  /** URL of the module whose `openThreadDoor` a thread calls. */
  readonly module: string;
  /** What that module has to know; v8.serialize takes it. */
  readonly gateway: unknown;
  /** Every thread of the current environment listens. */
  onOpen(): void;
  /** None does any more, or none will soon. */
  onClosed(): void;
  onNews(news: GatewayNews): void;
}

/** What `openThreadDoor` gets, before the runtime adds what threads have of each other. */
export interface DoorAssignment {
  readonly gateway: unknown;
  readonly invocations: ThreadInvocations;
  /** Directory where the thread leaves lines and news for the platform to read many at a time. */
  readonly spool: string;
}

/** Which functions a thread answers for, and within which limits; v8.serialize takes it. */
export interface ThreadInvocations {
  /** By the ARN that integrations name. */
  readonly functions: ReadonlyMap<string, ThreadFunction>;
  readonly timeoutSeconds: number;
  readonly activeTracing: boolean;
  /** Requests that this thread's door has running at once. */
  readonly concurrency: number;
  /** Requests that may wait at it beyond those. */
  readonly maxQueuedRequests: number;
  readonly maxQueueMillis: number;
}

export interface ThreadFunction {
  readonly qualifier?: string;
  readonly policy: readonly PolicyStatement[];
}

/** What the gateway in a thread has no other way to get rid of. */
export type GatewayNews =
  | { readonly type: "line"; readonly logGroup: string; readonly logStream: string; readonly line: string }
  | { readonly type: "warning"; readonly message: string };

export type DoorNews =
  | { readonly type: "door-open" }
  /** Whatever came in by it is answered. */
  | { readonly type: "door-closed" }
  | { readonly type: "door-failed"; readonly message: string }
  /** There is something to read in this file of the spool. */
  | { readonly type: "spooled"; readonly path: string }
  /** An invocation of which the platform knew nothing is over. */
  | {
      readonly type: "ran";
      readonly requestId: string;
      readonly durationMillis: number;
      readonly failure?: FailureDocument;
    }
  | GatewayNews;
