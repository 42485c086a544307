import type { HttpResponse } from "../protocols/spec/http.ts";

/**
 * Calls `settle` with the size of the body before its last byte is on its way: at once for a body that lies ready; for a
 * stream when its last chunk is known, which is held back until then. A stream that breaks off settles with what it gave.
 */
export function countedBody(response: HttpResponse, settle: (bytes: number) => void): HttpResponse {
  const { body } = response;
  if (typeof body === "string") settle(Buffer.byteLength(body));
  else if (body instanceof Uint8Array) settle(body.length);
  else return { ...response, body: counted(body, settle) };
  return response;
}

async function* counted(chunks: AsyncIterable<Uint8Array>, settle: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let last: Uint8Array | undefined;
  let settled = false;
  try {
    for await (const chunk of chunks) {
      if (last !== undefined) yield last;
      bytes += chunk.length;
      last = chunk;
    }
    settled = true;
    settle(bytes);
    if (last !== undefined) yield last;
  } finally {
    if (!settled) settle(bytes);
  }
}
