/**
 * Frames that one process writes and others read while it writes: a stream on its way, for whoever asks the same thing
 * (coalescing) or asks again (idempotency). Kept where loss is bearable: a log that is gone, cut or damaged reads as absent.
 */
export interface FrameLog {
  /**
   * Adds frames in order. `name`: of one writing, chosen by its writer, never used for another one. The log lives `ttlMillis`
   * from its last frame on. Rejects when the store does not answer.
   */
  append(name: string, frames: readonly Uint8Array[], ttlMillis: number): Promise<void>;
  /** No frame follows. */
  end(name: string, ttlMillis: number): Promise<void>;
  /**
   * Frames from position `from` on, as soon as there is one, or after `waitMillis` without. `absent`, at once: nothing was
   * written, or it is gone, or not all there.
   */
  read(name: string, from: number, waitMillis: number): Promise<FrameLogPart>;
  remove(name: string): Promise<void>;
}

export type FrameLogPart =
  | { readonly type: "frames"; readonly frames: readonly Uint8Array[]; readonly ended: boolean }
  | { readonly type: "absent" };
