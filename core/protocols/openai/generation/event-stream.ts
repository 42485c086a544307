/**
 * Server-sent events as OpenAI sends them: https://html.spec.whatwg.org/multipage/server-sent-events.html
 * Data only; the last one is `[DONE]`. A stream that fails ends with its error as data, which the clients raise.
 */
import { asFarthingError } from "../../../errors.ts";
import type { HttpResponse } from "../../spec/http.ts";
import { openAiErrorBody } from "../error.ts";

/** A Buffer of the pool: a TextEncoder makes an array of its own for every token. */
const dataLine = (json: string): Uint8Array => Buffer.from(`data: ${json}\n\n`);

/** A chunk to send, or a line that clients pass over. */
export type StreamedChunk =
  | { readonly type: "chunk"; readonly value: object }
  | { readonly type: "comment"; readonly text: string };

export function eventStreamResponse(chunks: AsyncIterable<StreamedChunk>): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" },
    body: written(chunks),
  };
}

async function* written(chunks: AsyncIterable<StreamedChunk>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      yield chunk.type === "chunk" ? dataLine(JSON.stringify(chunk.value)) : Buffer.from(`: ${chunk.text}\n\n`);
    }
    yield dataLine("[DONE]");
  } catch (thrown) {
    yield dataLine(JSON.stringify(openAiErrorBody(asFarthingError(thrown))));
  }
}
