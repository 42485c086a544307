import type { IncomingMessage } from "node:http";
import { GatewayFailure } from "./gateway-errors.ts";
import { MAX_BODY_BYTES } from "./limits.ts";

const EMPTY = Buffer.alloc(0);

/** The whole body. Throws body-too-large as soon as it is known, an Error when the client goes away in the middle. */
export function readRequestBody(message: IncomingMessage): Promise<Buffer> {
  const declared = message.headers["content-length"];
  if (message.headers["transfer-encoding"] === undefined && (declared === undefined || declared === "0")) {
    return Promise.resolve(EMPTY);
  }
  if (Number(declared ?? 0) > MAX_BODY_BYTES) return Promise.reject(tooLarge(declared ?? ""));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) return void chunks.push(chunk);
      chunks.length = 0;
      reject(tooLarge(`more than ${MAX_BODY_BYTES}`));
    });
    message.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes)));
    message.on("error", reject);
    message.on("close", () => reject(new Error("the client went away before its request was complete")));
  });
}

const tooLarge = (bytes: string) =>
  new GatewayFailure("body-too-large", `the body has ${bytes} bytes; ${MAX_BODY_BYTES} are allowed`);
