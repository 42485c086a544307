/** What the steps of one cached answer need of their surroundings, and of the request. */
import type { Clock } from "../serving/clock.ts";
import type { Answer, Work } from "../serving/work.ts";
import type { AnswerName } from "./answer-key.ts";
import type { AnswerMemory } from "./answer-memory.ts";
import type { BoundedStore } from "./bounded-store.ts";
import type { CachePolicy } from "./cache-policy.ts";

export interface AnswerParts {
  readonly inner: Answer;
  readonly memory: AnswerMemory;
  /** Undefined: this process keeps what it makes to itself. */
  readonly store: BoundedStore | undefined;
  readonly clock: Clock;
  newToken(): string;
  /** What goes on behind an answer; the process is not frozen before it is done. */
  behind(work: Promise<unknown>): void;
}

export interface Question {
  readonly work: Work;
  readonly policy: Extract<CachePolicy, { readonly type: "use" }>;
  readonly name: AnswerName;
}

/** The store that may see this question. */
export const storeFor = ({ store }: AnswerParts, { policy }: Question): BoundedStore | undefined =>
  policy.isConfined ? undefined : store;
