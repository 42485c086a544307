/** What the answer must be: https://platform.openai.com/docs/api-reference/chat/create#chat-create-response_format */
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { OutputFormat } from "../../spec/generation.ts";
import { readFlag, wrong } from "../fields.ts";
import { readJsonSchema } from "./json-schema.ts";
import { readName } from "./tools.ts";

/** Undefined: any text. */
export const readOutputFormat = ({ response_format: format }: JsonObject): OutputFormat | undefined =>
  readFormat(format, "response_format", ({ json_schema: schema }) =>
    readSchemaFormat(schema, "response_format.json_schema"),
  );

/** `field`: where it stands; `readSchema`: from where it has the schema. */
export function readFormat(
  format: unknown,
  field: string,
  readSchema: (format: JsonObject) => OutputFormat,
): OutputFormat | undefined {
  if (format === undefined || format === null) return undefined;
  if (!isJsonObject(format)) throw wrong(field, format, 'an object like {"type": "json_object"}');
  switch (format.type) {
    case "text":
      return undefined;
    case "json_object":
      return { type: "json-object" };
    case "json_schema":
      return readSchema(format);
    default:
      throw wrong(`${field}.type`, format.type, '"text", "json_object" or "json_schema"');
  }
}

/** The same members, wherever they stand. */
export function readSchemaFormat(value: unknown, field: string): OutputFormat {
  if (!isJsonObject(value)) throw wrong(field, value, "an object with name and schema");
  const { description, strict } = value;
  return {
    type: "json-schema",
    name: readName(value.name, `${field}.name`),
    schema: readJsonSchema(value.schema, `${field}.schema`),
    ...(typeof description === "string" && { description }),
    ...(strict !== undefined && strict !== null && { strict: readFlag(strict, `${field}.strict`) }),
  };
}
