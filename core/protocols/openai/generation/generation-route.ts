/** What both routes that generate text have in common: two looks at the body, and an answer that streams or is collected. */
import { parseJsonObject, refuseCompressedBody } from "../../json/parse-json.ts";
import type { AnsweredBy, GenerationRoute } from "../../protocol.ts";
import type { GenerationEvent, GenerationInference } from "../../spec/generation.ts";
import type { HttpResponse } from "../../spec/http.ts";
import { readModel } from "../fields.ts";
import { eventStreamResponse, type StreamedChunk } from "./event-stream.ts";
import { type AnswerForm, readAnswerForm, requireGeneration } from "./request-fields.ts";

export interface GenerationForm {
  readonly path: string;
  /** Throws `invalid_field`, `missing_field` or `unknown_field`. */
  read(body: Readonly<Record<string, unknown>>): GenerationInference;
  chunks(
    events: AsyncIterable<GenerationEvent>,
    answer: AnsweredBy,
    form: AnswerForm & { readonly withLogprobs: boolean },
  ): AsyncIterable<StreamedChunk>;
  buffered(events: AsyncIterable<GenerationEvent>, answer: AnsweredBy, withLogprobs: boolean): Promise<HttpResponse>;
}

export const generationRoute = ({ path, read, chunks, buffered }: GenerationForm): GenerationRoute => ({
  kind: "generation",
  method: "POST",
  path,
  open(request) {
    refuseCompressedBody(request);
    const body = parseJsonObject(request.body);
    const model = readModel(body);
    return {
      model,
      decode(version) {
        requireGeneration(model, version, path);
        const form = readAnswerForm(body);
        const decoded = read(body);
        const withLogprobs = decoded.topLogprobs !== undefined;
        return {
          request: decoded,
          streams: form.stream,
          encodeEvents: (events, answer) =>
            form.stream
              ? eventStreamResponse(chunks(events, answer, { ...form, withLogprobs }))
              : buffered(events, answer, withLogprobs),
        };
      },
    };
  },
});
