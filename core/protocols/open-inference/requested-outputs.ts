import { FarthingError } from "../../errors.ts";
import { isJsonObject } from "../json/parse-json.ts";
import { quoted, quotedList, received } from "../json/received.ts";
import type { TensorSpec } from "../spec/signature.ts";
import { readFlag, readParameters } from "./parameters.ts";

/** Which outputs go back, and in which form. */
export interface OutputChoice {
  /** In the caller's order; absent means every output. */
  readonly names?: readonly string[];
  isBinary(name: string): boolean;
}

export const everyOutput = (binary: boolean): OutputChoice => ({ isBinary: () => binary });

/** `outputs` of a request. An empty array means all, as in Triton. */
export function decodeRequestedOutputs(
  value: unknown,
  specs: readonly TensorSpec[],
  binaryByDefault: boolean,
): OutputChoice {
  if (value === undefined) return everyOutput(binaryByDefault);
  if (!Array.isArray(value)) throw wrong("outputs", value, "an array of outputs");
  if (value.length === 0) return everyOutput(binaryByDefault);
  const binary = new Map<string, boolean>();
  for (let index = 0; index < value.length; index++) {
    const path = `outputs[${index}]`;
    const output: unknown = value[index];
    if (!isJsonObject(output)) throw wrong(path, output, "an object with a name");
    for (const field in output) {
      if (field !== "name" && field !== "parameters") {
        const message = `${path} has the field ${quoted(field)}; a requested output has name and parameters.`;
        throw new FarthingError("unknown_field", message, { field: `${path}.${field}` });
      }
    }
    const name = readName(output.name, `${path}.name`, specs);
    if (binary.has(name)) {
      const field = `${path}.name`;
      throw new FarthingError("invalid_field", `${field} is ${quoted(name)} for the second time.`, { field });
    }
    const parameters = readParameters(output.parameters, `${path}.parameters`);
    binary.set(name, readFlag(parameters, "binary_data", `${path}.parameters`) ?? binaryByDefault);
  }
  return { names: [...binary.keys()], isBinary: (name) => binary.get(name) === true };
}

function readName(value: unknown, field: string, specs: readonly TensorSpec[]): string {
  const allowed = `the model gives ${quotedList(specs.map(({ name }) => name))}`;
  if (value === undefined) throw new FarthingError("missing_field", `${field} is absent; ${allowed}.`, { field });
  if (typeof value === "string" && specs.some(({ name }) => name === value)) return value;
  const code = typeof value === "string" ? "unknown_field" : "invalid_field";
  throw new FarthingError(code, `${field} is ${received(value)}; ${allowed}.`, { field });
}

function wrong(field: string, value: unknown, allowed: string): FarthingError {
  return new FarthingError("invalid_field", `${field} is ${received(value)}; it must be ${allowed}.`, { field });
}
