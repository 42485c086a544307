/**
 * POST /v1/responses, without a memory: every request brings what the model is to read. Open Responses
 * (https://www.openresponses.org/specification) and OpenAI's own clients speak it.
 */
import { jsonResponse } from "../../json/json-response.ts";
import { parseJsonObject, refuseCompressedBody } from "../../json/parse-json.ts";
import type { AnsweredBy, GenerationRoute } from "../../protocol.ts";
import type { GenerationEvent } from "../../spec/generation.ts";
import type { HttpResponse } from "../../spec/http.ts";
import { readModel } from "../fields.ts";
import { requireGeneration } from "../generation/request-fields.ts";
import { inResponsesWords } from "./own-words.ts";
import { readMetadata, readStream } from "./request-fields.ts";
import type { ResponseForm } from "./response-object.ts";
import { readResponsesRequest } from "./responses-request.ts";
import { semanticEvents } from "./semantic-events.ts";

export const RESPONSES_ROUTE: GenerationRoute = {
  kind: "generation",
  method: "POST",
  path: "/v1/responses",
  inOwnWords: inResponsesWords,
  open(request) {
    refuseCompressedBody(request);
    const body = parseJsonObject(request.body);
    const model = readModel(body);
    return {
      model,
      decode(version) {
        requireGeneration(model, version, "/v1/responses");
        const streams = readStream(body);
        readMetadata(body);
        const decoded = readResponsesRequest(body);
        const form = { body, request: decoded };
        return {
          request: decoded,
          streams,
          encodeEvents: (events, answer) => (streams ? streamed(events, form, answer) : buffered(events, form, answer)),
        };
      },
    };
  },
};

/** The last event's response. */
async function buffered(
  events: AsyncIterable<GenerationEvent>,
  form: ResponseForm,
  answer: AnsweredBy,
): Promise<HttpResponse> {
  let last: unknown;
  for await (const event of semanticEvents(events, form, answer)) last = event.response;
  return jsonResponse(last);
}

const streamed = (events: AsyncIterable<GenerationEvent>, form: ResponseForm, answer: AnsweredBy): HttpResponse => ({
  status: 200,
  headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" },
  body: written(events, form, answer),
});

const encoder = new TextEncoder();

/** Each event under its own name, numbered; Open Responses ends with `[DONE]`, which OpenAI's clients pass over. */
async function* written(
  events: AsyncIterable<GenerationEvent>,
  form: ResponseForm,
  answer: AnsweredBy,
): AsyncGenerator<Uint8Array> {
  let sequence = 0;
  try {
    for await (const { type, ...members } of semanticEvents(events, form, answer)) {
      const json = JSON.stringify({ type, sequence_number: sequence, ...members });
      sequence++;
      yield encoder.encode(`event: ${type}\ndata: ${json}\n\n`);
    }
  } catch {
    // The stream's last events have told of it.
  }
  yield encoder.encode("data: [DONE]\n\n");
}
