/**
 * JSON schemas that callers send, for a tool's arguments or an answer's form. An engine compiles them into a grammar; what it
 * would fail at, minutes of GPU time later or with words of its own, is refused here. Limits:
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import { wrong } from "../fields.ts";

const MOST_LEVELS = 16;
const MOST_SUBSCHEMAS = 5_000;
const TYPES: ReadonlySet<unknown> = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
const ONE_SCHEMA = ["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];
const SCHEMAS_BY_NAME = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
const LISTS_OF_SCHEMAS = ["anyOf", "oneOf", "allOf", "prefixItems"];

/** Throws `invalid_field` with the place inside the schema. */
export function readJsonSchema(value: unknown, field: string): JsonObject {
  if (!isJsonObject(value)) throw wrong(field, value, "a JSON schema (an object)");
  let schemas = 0;
  check(value, field, 1);
  return value;

  function check(schema: unknown, place: string, level: number): void {
    if (typeof schema === "boolean") return;
    if (!isJsonObject(schema)) throw wrong(place, schema, "a JSON schema (an object, true or false)");
    if (level > MOST_LEVELS) throw wrong(place, schema, `nested at most ${MOST_LEVELS} deep`);
    schemas++;
    if (schemas > MOST_SUBSCHEMAS) throw wrong(field, value, `made of at most ${MOST_SUBSCHEMAS} schemas`);
    checkKeywords(schema, place);
    for (const key of ONE_SCHEMA) if (schema[key] !== undefined) check(schema[key], `${place}.${key}`, level + 1);
    for (const key of SCHEMAS_BY_NAME) {
      const byName = schema[key];
      if (byName === undefined) continue;
      if (!isJsonObject(byName)) throw wrong(`${place}.${key}`, byName, "an object of schemas");
      for (const name in byName) check(byName[name], `${place}.${key}.${name.slice(0, 64)}`, level + 1);
    }
    for (const key of LISTS_OF_SCHEMAS) {
      const list = schema[key];
      if (list === undefined) continue;
      if (!Array.isArray(list) || list.length === 0)
        throw wrong(`${place}.${key}`, list, "a list of schemas, not empty");
      list.forEach((one, index) => {
        check(one, `${place}.${key}[${index}]`, level + 1);
      });
    }
  }
}

function checkKeywords({ type, required, enum: choices, $ref, pattern }: JsonObject, place: string): void {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (type !== undefined && !(types.length > 0 && types.every((one) => TYPES.has(one)))) {
    throw wrong(`${place}.type`, type, `one of ${[...TYPES].join(", ")}, or a list of them`);
  }
  if (required !== undefined && !(Array.isArray(required) && required.every((name) => typeof name === "string"))) {
    throw wrong(`${place}.required`, required, "a list of property names");
  }
  if (choices !== undefined && !(Array.isArray(choices) && choices.length > 0)) {
    throw wrong(`${place}.enum`, choices, "a list of values, not empty");
  }
  // A reference to elsewhere would have the engine fetch a URL that the caller chose.
  if ($ref !== undefined && !(typeof $ref === "string" && $ref.startsWith("#"))) {
    throw wrong(`${place}.$ref`, $ref, 'a place in the same schema, like "#/$defs/name"');
  }
  if (pattern !== undefined && typeof pattern !== "string") throw wrong(`${place}.pattern`, pattern, "a text");
}
