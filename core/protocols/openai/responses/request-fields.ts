/** Fields of POST /v1/responses that no other body has: what is taken, and what is refused because nothing is stored here. */
import { FarthingError } from "../../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { OutputFormat } from "../../spec/generation.ts";
import { readFlag, wrong } from "../fields.ts";
import { readFormat, readSchemaFormat } from "../generation/output-format.ts";

export const UNSUPPORTED = {
  previous_response_id: "no response is stored, so none can be gone on from; send the earlier items in input",
  conversation: "no conversation is stored; send the earlier items in input",
  prompt: "there are no stored prompts; send instructions and input",
  context_management: "nothing is shortened on the way; send the items that the model is to read",
} as const;

/** Throws for a wish to be answered later, and for one to shorten what was sent. */
export function refuseOtherWays(body: JsonObject): void {
  if (readFlag(body.background, "background")) {
    const message =
      'background is true; a response is answered where it was asked for. Send false, or "Prefer: respond-async" to get a job.';
    throw new FarthingError("invalid_field", message, { field: "background" });
  }
  readFlag(body.store, "store");
  const { truncation } = body;
  if (truncation !== undefined && truncation !== null && truncation !== "disabled") {
    throw wrong("truncation", truncation, '"disabled" or absent: nothing is cut out of an input here');
  }
}

const INCLUDED = ["message.output_text.logprobs", "reasoning.encrypted_content"] as const;
const MOST_TOP_LOGPROBS = 20;

/** Undefined: no log probabilities. Thoughts come as text, never encrypted: there is nothing to add for that wish. */
export function readTopLogprobs({ include, top_logprobs: top }: JsonObject): number | undefined {
  const listed: readonly unknown[] =
    include === undefined || include === null ? [] : Array.isArray(include) ? include : [include];
  listed.forEach((one, index) => {
    if ((INCLUDED as readonly unknown[]).includes(one)) return;
    throw wrong(`include[${index}]`, one, `one of ${INCLUDED.join(", ")}; usage is always there`);
  });
  const wanted = listed.includes(INCLUDED[0]);
  if (top === undefined || top === null) return wanted ? 0 : undefined;
  if (typeof top !== "number" || !Number.isInteger(top) || top < 0 || top > MOST_TOP_LOGPROBS) {
    throw wrong("top_logprobs", top, `a whole number from 0 to ${MOST_TOP_LOGPROBS}`);
  }
  return wanted || top > 0 ? top : undefined;
}

/** `text.format`: https://platform.openai.com/docs/guides/structured-outputs. Undefined: any text. */
export function readTextFormat({ text }: JsonObject): OutputFormat | undefined {
  if (text === undefined || text === null) return undefined;
  if (!isJsonObject(text)) throw wrong("text", text, 'an object like {"format": {"type": "text"}}');
  for (const name in text) {
    const value = text[name];
    // What a model without the control does is what "medium" means.
    if (name === "format" || value === null || (name === "verbosity" && value === "medium")) continue;
    throw wrong(`text.${name}`, value, "absent; the models here know only text.format");
  }
  return readFormat(text.format, "text.format", (format) => readSchemaFormat(format, "text.format"));
}

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"];

/** Undefined: the model's own habit. */
export function readEffort({ reasoning }: JsonObject): string | undefined {
  if (reasoning === undefined || reasoning === null) return undefined;
  if (!isJsonObject(reasoning)) throw wrong("reasoning", reasoning, 'an object like {"effort": "low"}');
  for (const name in reasoning) {
    const value = reasoning[name];
    // "auto": the fullest account of its thoughts that the model gives, which here is the thoughts themselves.
    if (name === "effort" || value === null) continue;
    if ((name === "summary" || name === "generate_summary") && value === "auto") continue;
    throw wrong(`reasoning.${name}`, value, "absent; thoughts come whole, as reasoning_text, and are not summed up");
  }
  const { effort } = reasoning;
  if (effort === undefined || effort === null) return undefined;
  if (typeof effort === "string" && EFFORTS.includes(effort)) return effort;
  throw wrong("reasoning.effort", effort, `one of ${EFFORTS.join(", ")}`);
}

const MOST_METADATA = 16;

/** Sent back as it came. https://platform.openai.com/docs/api-reference/responses/create#responses-create-metadata */
export function readMetadata({ metadata }: JsonObject): JsonObject {
  if (metadata === undefined || metadata === null) return {};
  const fits =
    isJsonObject(metadata) &&
    Object.keys(metadata).length <= MOST_METADATA &&
    Object.entries(metadata).every(
      ([key, value]) => key.length <= 64 && typeof value === "string" && value.length <= 512,
    );
  if (fits) return metadata;
  throw wrong("metadata", metadata, `at most ${MOST_METADATA} texts of 512 characters, with names of 64`);
}

/** Whether the answer streams. */
export function readStream(body: JsonObject): boolean {
  const stream = readFlag(body.stream, "stream");
  const options = body.stream_options;
  if (options === undefined || options === null) return stream;
  if (!stream) throw wrong("stream_options", options, "absent unless stream is true");
  if (!isJsonObject(options)) throw wrong("stream_options", options, "an object");
  for (const name in options) {
    // OpenAI pads the events of a stream against eavesdroppers; here every event is as long as it is.
    if (name === "include_obfuscation" && options[name] === false) continue;
    throw wrong(`stream_options.${name}`, options[name], "absent; usage is always in the last event");
  }
  return stream;
}
