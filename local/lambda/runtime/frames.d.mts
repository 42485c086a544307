/** As much of a socket as frames need to leave. */
export interface FrameSocket {
  readonly destroyed: boolean;
  write(bytes: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
}

/** Platform → runtime. */
export const INVOKE: 1;
export const CANCEL: 2;
export const CONSUMED: 3;
export const DOOR: 7;
/** Runtime → platform. */
export const ANSWER: 4;
export const FAILURE: 5;
export const LOG: 6;
export const NEWS: 8;
/** Flags of an ANSWER frame. */
export const FIRST: 1;
export const LAST: 2;
/** Bytes of one answer that may be under way before the platform has to say that they were consumed. */
export const WINDOW_BYTES: number;
export const CHANNEL_PROTOCOL: string;

export class FrameWriter {
  constructor(socket: FrameSocket);
  add(type: number, invocation: number, pieces: readonly (string | Uint8Array)[]): void;
  flush(): void;
}

export class FrameReader {
  constructor(onFrame: (type: number, invocation: number, payload: Buffer) => void);
  push(chunk: Buffer): void;
}
