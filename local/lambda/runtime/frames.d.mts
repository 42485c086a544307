import type { Socket } from "node:net";

/** Platform → runtime. */
export const INVOKE: 1;
export const CANCEL: 2;
export const CONSUMED: 3;
/** Runtime → platform. */
export const ANSWER: 4;
export const FAILURE: 5;
export const LOG: 6;
/** Flags of an ANSWER frame. */
export const FIRST: 1;
export const LAST: 2;
/** Bytes of one answer that may be under way before the platform has to say that they were consumed. */
export const WINDOW_BYTES: number;
export const CHANNEL_PROTOCOL: string;

export class FrameWriter {
  constructor(socket: Socket);
  add(type: number, invocation: number, pieces: readonly (string | Uint8Array)[]): void;
  flush(): void;
}

export class FrameReader {
  constructor(onFrame: (type: number, invocation: number, payload: Buffer) => void);
  push(chunk: Buffer): void;
}
