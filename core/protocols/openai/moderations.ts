/**
 * POST /v1/moderations: https://platform.openai.com/docs/api-reference/moderations/create
 * On top of a text classification whose card says which labels are a reason to flag a text, and from which score on. The
 * categories are those labels, not OpenAI's. A text that is too long is refused: what was not read cannot be cleared.
 */
import { FarthingError } from "../../errors.ts";
import type { ModelVersion } from "../../models/registry.ts";
import { MODERATION_OUTPUTS, TEXT_INPUT } from "../../models/task-signature.ts";
import { float32Text } from "../json/float32-text.ts";
import { isJsonObject, type JsonObject, parseJsonObject, refuseCompressedBody } from "../json/parse-json.ts";
import { quoted } from "../json/received.ts";
import type { AnsweredBy, InferenceRoute, PendingInference } from "../protocol.ts";
import type { HttpRequest, HttpResponse } from "../spec/http.ts";
import type { InferenceResult, TensorInference } from "../spec/inference.ts";
import { MAX_INPUTS } from "./embeddings-request.ts";
import { readModel, readText, refuseFieldsBut, wrong, wrongTask } from "./fields.ts";
import { outputTensors } from "./output-tensor.ts";

export const MODERATIONS_ROUTE: InferenceRoute = { kind: "inference", method: "POST", path: "/v1/moderations", open };

const FIELDS = new Set(["model", "input"]);
const INPUT_FORMS = 'a string, an array of strings, or an array of one {"type": "text", "text": …}';

function open(request: HttpRequest): PendingInference {
  refuseCompressedBody(request);
  const body = parseJsonObject(request.body);
  refuseFieldsBut(FIELDS, body);
  return {
    model: readModel(body),
    decode: (version) => ({ request: decode(body, version), encode: encodeModerations }),
  };
}

function decode(body: JsonObject, version: ModelVersion): TensorInference {
  const model = String(body.model);
  if (version.task !== "text-classification") {
    throw wrongTask(model, version, "/v1/moderations takes text-classification models");
  }
  if (!version.signature.outputs.some(({ name }) => name === MODERATION_OUTPUTS.flags)) {
    const message = `The model ${quoted(model)} makes no moderations: its card has no moderation.thresholds.`;
    throw new FarthingError("unsupported_task", message, { field: "model" });
  }
  const texts = readInput(body.input);
  return {
    type: "tensors",
    inputs: [{ name: TEXT_INPUT, dataType: "BYTES", shape: [texts.length], data: texts }],
    outputs: Object.values(MODERATION_OUTPUTS),
    places: { [TEXT_INPUT]: typeof body.input === "string" ? "input" : "input[]" },
  };
}

function readInput(input: unknown): readonly string[] {
  if (input === undefined) {
    throw new FarthingError("missing_field", `input is absent; it must be ${INPUT_FORMS}.`, { field: "input" });
  }
  if (typeof input === "string") return [readText(input, "input")];
  if (!Array.isArray(input) || input.length === 0) throw wrong("input", input, INPUT_FORMS);
  if (input.length > MAX_INPUTS) throw wrong("input", input, `at most ${MAX_INPUTS} texts`);
  // OpenAI gives one verdict on all parts of such an array together; these models read one text at a time.
  if (isJsonObject(input[0])) return [readPart(input)];
  return input.map((text, index) => readText(text, `input[${index}]`));
}

function readPart(parts: readonly unknown[]): string {
  if (parts.length > 1) throw wrong("input", parts, "at most one part, or an array of strings for a verdict on each");
  const part = parts[0] as JsonObject;
  if (part.type !== "text") throw wrong("input[0].type", part.type, '"text": the model reads no images');
  return readText(part.text, "input[0].text");
}

function encodeModerations(result: InferenceResult, answer: AnsweredBy): HttpResponse {
  const { output, scores } = outputTensors(result);
  const categories = (output(MODERATION_OUTPUTS.categories).data as readonly string[]).map((name) =>
    JSON.stringify(name),
  );
  const flags = output(MODERATION_OUTPUTS.flags).data as Uint8Array;
  const values = scores(MODERATION_OUTPUTS.scores);
  const width = categories.length;
  const texts: string[] = [];
  for (let start = 0; start < values.length; start += width) {
    const members = (valueOf: (at: number) => string) =>
      `{${categories.map((name, column) => `${name}:${valueOf(start + column)}`).join(",")}}`;
    const flagged = flags.subarray(start, start + width).includes(1);
    texts.push(
      `{"flagged":${flagged},"categories":${members((at) => String(flags[at] === 1))},` +
        `"category_scores":${members((at) => float32Text(values[at] as number))},` +
        `"category_applied_input_types":${members(() => '["text"]')}}`,
    );
  }
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body:
      `{"id":${JSON.stringify(`modr-${answer.requestId}`)},"model":${JSON.stringify(answer.model.name)},` +
      `"results":[${texts.join(",")}]}`,
  };
}
