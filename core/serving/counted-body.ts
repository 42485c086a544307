import type { HttpResponse } from "../protocols/spec/http.ts";

/**
 * Calls `settle` with the size of the body before its last byte is on its way: at once for a body that lies ready; for a
 * stream when its last chunk is known, which is held back until then. A stream that breaks off settles with what it gave.
 * `mayEnd`: whether the chunk that just came could be the last one; what certainly is not waits for nothing. `onBytes` hears
 * of each chunk of a stream, how long the body is with it.
 */
export function countedBody(
  response: HttpResponse,
  settle: (bytes: number) => void,
  mayEnd: () => boolean = () => true,
  onBytes: (bytes: number) => void = () => {},
): HttpResponse {
  const { body } = response;
  if (isStream(body)) return { ...response, body: counted(body, settle, mayEnd, onBytes) };
  settle(bytesOf(body));
  return response;
}

/** What streams has begun to reach its reader when the response is returned; everything else is still ours to take back. */
export const isStream = (body: HttpResponse["body"]): body is AsyncIterable<Uint8Array> =>
  typeof body !== "string" && !(body instanceof Uint8Array);

export const bytesOf = (body: string | Uint8Array): number =>
  typeof body === "string" ? Buffer.byteLength(body) : body.length;

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  settle: (bytes: number) => void,
  mayEnd: () => boolean,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let last: Uint8Array | undefined;
  let settled = false;
  try {
    for await (const chunk of chunks) {
      if (last !== undefined) yield last;
      bytes += chunk.length;
      onBytes(bytes);
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
