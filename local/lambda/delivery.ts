import type { FailureDocument } from "./function-failure.ts";

/** What a runtime is given. */
export interface NextInvocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly deadlineMillis: number;
  readonly invokedFunctionArn: string;
  readonly traceId: string;
  readonly clientContext?: string;
}

/** Where the answer of one invocation goes. */
export interface AnswerSink {
  begin(contentType: string, streaming: boolean): void;
  /** False: wait for `onDrain`. */
  push(bytes: Uint8Array): boolean;
  end(): void;
  fail(failure: FailureDocument): void;
  /** Called when there is room again. */
  onDrain: (() => void) | undefined;
}

/** An invocation that a thread of the runtime has been given. */
export interface Delivery {
  /** The caller went away. A runtime that cannot be told goes on. */
  cancel(): void;
  /** What it still answers is of no interest. */
  forget(): void;
}
