import type { HttpResponse } from "../protocols/spec/http.ts";

/**
 * Calls `settle` with the size of the body before its last byte is on its way: at once for a body that lies ready; for a
 * stream when its last chunk is known, which is held back until then. A stream that breaks off settles with what it gave.
 * `mayEnd`: whether the chunk that just came could be the last one; what certainly is not waits for nothing.
 */
export function countedBody(
  response: HttpResponse,
  settle: (bytes: number) => void,
  mayEnd: () => boolean = () => true,
): HttpResponse {
  const { body } = response;
  if (typeof body === "string") settle(Buffer.byteLength(body));
  else if (body instanceof Uint8Array) settle(body.length);
  else return { ...response, body: counted(body, settle, mayEnd) };
  return response;
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  settle: (bytes: number) => void,
  mayEnd: () => boolean,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let last: Uint8Array | undefined;
  let settled = false;
  try {
    for await (const chunk of chunks) {
      if (last !== undefined) yield last;
      bytes += chunk.length;
      last = chunk;
      if (mayEnd()) continue;
      last = undefined;
      yield chunk;
    }
    settled = true;
    settle(bytes);
    if (last !== undefined) yield last;
  } finally {
    if (!settled) settle(bytes);
  }
}
