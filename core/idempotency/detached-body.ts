/** A body that is made to its end whether anybody reads it or not. It is held as a whole: answers of models are small. */
import type { HttpResponse } from "../protocols/spec/http.ts";
import { isStream } from "../serving/counted-body.ts";

export function detachedBody(response: HttpResponse, behind: (work: Promise<unknown>) => void): HttpResponse {
  const { body } = response;
  if (!isStream(body)) return response;
  const chunks: Uint8Array[] = [];
  let end: { readonly failure?: unknown } | undefined;
  let wake: () => void = () => {};

  async function pump(chunked: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of chunked) {
        chunks.push(chunk);
        wake();
      }
      end = {};
    } catch (failure) {
      end = { failure };
    }
    wake();
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    for (let position = 0; ; position++) {
      while (position === chunks.length && end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (position === chunks.length) {
        if (end !== undefined && "failure" in end) throw end.failure;
        return;
      }
      yield chunks[position] as Uint8Array;
    }
  }

  behind(pump(body));
  return { ...response, body: read() };
}
