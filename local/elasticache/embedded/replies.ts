/** Replies as a server writes them. */
const END = Buffer.from("\r\n");

export const OK = Buffer.from("+OK\r\n");
export const NOTHING = Buffer.from("$-1\r\n");
export const PONG = Buffer.from("+PONG\r\n");
export const number = (value: number): Buffer => Buffer.from(`:${value}\r\n`);
export const failure = (message: string): Buffer => Buffer.from(`-${message}\r\n`);
export const bulk = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, END]);
export const list = (items: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items.map(bulk)]);
