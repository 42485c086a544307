/**
 * What processes share: answers, claims on making one, and streams on their way. Everything in it may be lost at any moment;
 * a method that rejects, or takes its time, costs whoever asks nothing but a miss (bounded-store.ts).
 */
import type { FrameLog } from "./frame-log.ts";

export interface AnswerStore {
  /** False while nothing may be asked yet: a process connects when it first has something to keep, not before. */
  isOpen(): boolean;
  get(name: string): Promise<Uint8Array | undefined>;
  /** Opens the store if need be. */
  put(name: string, bytes: Uint8Array, ttlMillis: number): Promise<void>;
  /** The token that holds the claim from now on: the one given, or that of whoever was faster. */
  claim(name: string, token: string, ttlMillis: number): Promise<string>;
  /** Who holds it. */
  holder(name: string): Promise<string | undefined>;
  /** False: somebody else holds it, or nobody. */
  extend(name: string, token: string, ttlMillis: number): Promise<boolean>;
  /** Nothing happens when somebody else holds it. */
  release(name: string, token: string): Promise<void>;
  readonly frames: FrameLog;
}
