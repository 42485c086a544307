/**
 * The protocol leaves `parameters` open: hints that a server may not know. Those that would change the answer are refused
 * by name where Farthing does not have them; every other one is ignored (`priority`, `timeout`, MLServer's `content_type`).
 */
import { FarthingError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import { quotedList, received } from "../json/received.ts";
import type { TaskParameters } from "../spec/inference.ts";

const NO_SHARED_MEMORY = "shared memory needs client and server on one machine; send the data in the body";
const NO_SEQUENCES = "requests are answered one by one; send the state as an input and read it from the outputs";

const REFUSED: Readonly<Record<string, string>> = {
  sequence_id: NO_SEQUENCES,
  sequence_start: NO_SEQUENCES,
  sequence_end: NO_SEQUENCES,
  shared_memory_region: NO_SHARED_MEMORY,
  shared_memory_byte_size: NO_SHARED_MEMORY,
  shared_memory_offset: NO_SHARED_MEMORY,
  classification: "Triton's classification extension is not offered; ask for the output itself",
};

const NONE: JsonObject = {};

/** Throws `invalid_field` when it is no object, `unknown_field` for a refused parameter. */
export function readParameters(value: unknown, path: string): JsonObject {
  if (value === undefined) return NONE;
  if (!isJsonObject(value)) throw wrong(path, value, "an object");
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(REFUSED, name)) continue;
    const field = `${path}.${name}`;
    throw new FarthingError("unknown_field", `${field} is not supported: ${REFUSED[name]}.`, { field });
  }
  return value;
}

export function readFlag(parameters: JsonObject, name: string, path: string): boolean | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw wrong(`${path}.${name}`, value, "true or false");
}

const AGGREGATIONS: readonly NonNullable<TaskParameters["aggregation"]>[] = ["none", "simple"];

/** Those of a whole request that a task may follow; undefined when there is none. The names are the field's. */
export function readTaskParameters(parameters: JsonObject, path: string): TaskParameters | undefined {
  const truncate = readFlag(parameters, "truncate", path);
  const multiLabel = readFlag(parameters, "multi_label", path);
  const { hypothesis_template: hypothesisTemplate, aggregation_strategy: aggregation } = parameters;
  if (hypothesisTemplate !== undefined && typeof hypothesisTemplate !== "string") {
    throw wrong(`${path}.hypothesis_template`, hypothesisTemplate, "a text with {} for the label");
  }
  const strategy = AGGREGATIONS.find((known) => known === aggregation);
  if (aggregation !== undefined && strategy === undefined) {
    throw wrong(`${path}.aggregation_strategy`, aggregation, quotedList(AGGREGATIONS));
  }
  const read: TaskParameters = {
    ...(truncate !== undefined && { truncate }),
    ...(multiLabel !== undefined && { multiLabel }),
    ...(hypothesisTemplate !== undefined && { hypothesisTemplate }),
    ...(strategy !== undefined && { aggregation: strategy }),
  };
  return Object.keys(read).length === 0 ? undefined : read;
}

export function readByteSize(parameters: JsonObject, name: string, path: string): number | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(`${path}.${name}`, value, "a number of bytes");
}

function wrong(field: string, value: unknown, allowed: string): FarthingError {
  return new FarthingError("invalid_field", `${field} is ${received(value)}; it must be ${allowed}.`, { field });
}
