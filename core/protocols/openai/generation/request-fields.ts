/** Fields that the bodies of chat and completions have in common. */
import { FarthingError } from "../../../errors.ts";
import type { ModelVersion } from "../../../models/registry.ts";
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import { readFlag, readText, wrong, wrongTask } from "../fields.ts";

/** Who is asked for more at once waits longer for all of it. */
export const MOST_CHOICES = 16;
/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-stop */
const MOST_STOPS = 4;
const LONGEST_STOP = 1_000;

/** Accepted and without effect here: they tell OpenAI who asks, or what to keep. */
export const FIELDS_WITHOUT_EFFECT = [
  "user",
  "metadata",
  "store",
  "service_tier",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
];

/** How the answer is to be sent. */
export interface AnswerForm {
  readonly stream: boolean;
  /** In a stream: usage, and the price, as the last chunk. */
  readonly includeUsage: boolean;
}

export function readAnswerForm(body: JsonObject): AnswerForm {
  const stream = readFlag(body.stream, "stream");
  const options = body.stream_options;
  if (options === undefined || options === null) return { stream, includeUsage: false };
  if (!stream) throw wrong("stream_options", options, "absent unless stream is true");
  if (!isJsonObject(options)) throw wrong("stream_options", options, "an object");
  for (const name in options) {
    // OpenAI pads the chunks of a stream against eavesdroppers; here every chunk is as long as it is.
    if (name === "include_usage" || (name === "include_obfuscation" && options[name] === false)) continue;
    throw wrong(`stream_options.${name}`, options[name], 'absent; the known option is "include_usage"');
  }
  return { stream, includeUsage: readFlag(options.include_usage, "stream_options.include_usage") };
}

export function readStop(body: JsonObject): readonly string[] {
  const { stop } = body;
  if (stop === undefined || stop === null) return [];
  const stops = Array.isArray(stop) ? stop : [stop];
  if (stops.length > MOST_STOPS) throw wrong("stop", stop, `a text, or an array of at most ${MOST_STOPS}`);
  return stops.map((text, index) => {
    const read = readText(text, Array.isArray(stop) ? `stop[${index}]` : "stop");
    if (read.length > LONGEST_STOP) throw wrong("stop", read, `at most ${LONGEST_STOP} characters long`);
    return read;
  });
}

export function readChoices(body: JsonObject): number {
  return readCount(body, "n", 1, MOST_CHOICES) ?? 1;
}

export function readCount(body: JsonObject, field: string, least: number, most: number): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw wrong(field, value, `a whole number ${range}`);
}

/** A parameter that would change the answer, and that no model here heeds: refused, since silence would look like a yes. */
export function refuseUnsupported(body: JsonObject, unsupported: Readonly<Record<string, string>>): void {
  for (const [field, why] of Object.entries(unsupported)) {
    const value = body[field];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    throw new FarthingError("invalid_field", `${field} is not supported here: ${why}. Leave it out.`, { field });
  }
}

export function requireGeneration(model: string, version: ModelVersion, route: string): void {
  if (version.task !== "text-generation") throw wrongTask(model, version, `${route} takes text-generation models`);
}
