import type { IncomingMessage } from "node:http";
import { ServiceError } from "./service-error.ts";

/** DynamoDB's limit for a batch, the largest among the services whose bodies are buffered. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Throws ServiceError when the body is larger; an Error when the caller goes away in the middle of it. */
export async function readBody(message: AsyncIterable<Buffer>, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new ServiceError(413, "RequestEntityTooLarge", `The body is larger than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

export function declaresTooMuch(message: IncomingMessage, maxBytes = MAX_BODY_BYTES): boolean {
  return Number(message.headers["content-length"] ?? 0) > maxBytes;
}
