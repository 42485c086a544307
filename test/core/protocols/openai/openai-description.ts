/**
 * OpenAI's own description of its API, where it has been fetched:
 *
 *     mkdir -p node_modules/.cache/openai-openapi && curl -L -o node_modules/.cache/openai-openapi/openapi.json \
 *       https://raw.githubusercontent.com/openai/openai-openapi/main/openapi.json
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const FILE = join(import.meta.dirname, "../../../../node_modules/.cache/openai-openapi/openapi.json");

export const isDescribed = existsSync(FILE);
if (!isDescribed) process.stderr.write(`no description of OpenAI's API at ${FILE}: answers are not held against it\n`);

let ajv: Ajv2020 | undefined;
const validators = new Map<string, ValidateFunction>();

/** What is wrong with `value` as an object of that name in the description; empty: nothing. */
export function differences(value: unknown, name: string): readonly string[] {
  ajv ??= new Ajv2020({ strict: false, validateFormats: false, allErrors: false, discriminator: false }).addSchema(
    JSON.parse(readFileSync(FILE, "utf8")),
    "openai",
  );
  let validate = validators.get(name);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `openai#/components/schemas/${name}` });
    validators.set(name, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
