/** A request that runs once, what that takes, and what becomes of it. */
import type { FrameLog } from "../caching/frame-log.ts";
import type { FarthingError } from "../errors.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import type { Clock } from "../serving/clock.ts";
import type { AnswerObjects, OnceStore } from "./once-record.ts";

export interface OnceCall {
  readonly tenant: string;
  /** As the protocol's table has it: `/v1/files`. */
  readonly route: string;
  readonly key: string;
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly deadlineMillis: number;
  /** The answer is read as it is made. */
  readonly streams: boolean;
  /** An error in the protocol's form; of a stream, what ends one that has begun. */
  failed(error: FarthingError): HttpResponse | Promise<HttpResponse>;
  /** The usage line of a stream, if this process died now. Absent: the request is not charged by what it delivers. */
  made?(): UsageLine;
  /** Somebody else took this process for dead, and has charged what was delivered: nothing is charged here. */
  onLost?(): void;
}

export interface OnceDependencies {
  readonly store: OnceStore;
  /** Absent: answers that do not fit into an item are not kept. */
  readonly objects?: AnswerObjects | undefined;
  /** Streams under way, for those who read along. Absent: they wait for the whole answer. */
  readonly frames?: FrameLog | undefined;
  readonly clock: Clock;
  /** Silence after which a waiting repeat gets a sign of life. */
  readonly heartbeatMillis?: number | undefined;
  newToken(): string;
  /** Work that goes on when the answer is out; it never rejects. */
  behind(work: Promise<unknown>): void;
  /** What a dead process delivered is charged by whoever finds it. */
  emitUsage(line: UsageLine): void;
  /** An answer, or the end of a request, could not be kept: for the operator. */
  onFailed(error: unknown): void;
}

export type Begun =
  | { readonly type: "repeat"; readonly response: HttpResponse }
  /** Whoever gets it must `release` or `record`. */
  | { readonly type: "run"; readonly run: Run };

export interface Once {
  /** Throws `idempotency_key_reused`, `dependency_unavailable`, and `deadline_exceeded` where a repeat waits for too long. */
  begin(call: OnceCall): Promise<Begun>;
}

export interface Run {
  /** Nothing ran: the key is as if it had not been sent. */
  release(): Promise<void>;
  /**
   * The response, which is kept when it is complete, before its last byte is given. To be wrapped in what counts and charges:
   * when this ends, it is known whether this process may.
   */
  record(response: HttpResponse): Promise<HttpResponse>;
  /** The response, which is made to its end whether its reader stays or not. To be wrapped around what counts and charges. */
  detach(response: HttpResponse): HttpResponse;
}
