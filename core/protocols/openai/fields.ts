/** Fields that several bodies have, and how a wrong one is refused. */
import { FarthingError } from "../../errors.ts";
import type { ModelVersion } from "../../models/registry.ts";
import type { JsonObject } from "../json/parse-json.ts";
import { quoted, received } from "../json/received.ts";

export function refuseFieldsBut(allowed: ReadonlySet<string>, body: JsonObject): void {
  for (const name in body) {
    if (allowed.has(name)) continue;
    const message = `Unrecognized request argument: ${quoted(name)}; allowed are ${[...allowed].join(", ")}.`;
    throw new FarthingError("unknown_field", message, { field: name });
  }
}

export function readModel(body: JsonObject): string {
  const { model } = body;
  if (model === undefined) {
    throw new FarthingError("missing_field", "model is absent; it must be the name of a model.", { field: "model" });
  }
  if (typeof model !== "string" || model === "") throw wrong("model", model, "the name of a model");
  return model;
}

/** Some text, and Unicode: half a surrogate pair cannot be sent on. */
export function readText(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "") throw wrong(field, value, "a text of at least one character");
  if (value.isWellFormed()) return value;
  const message = `${field} holds half of a surrogate pair, which is no Unicode text.`;
  throw new FarthingError("invalid_field", message, { field });
}

export function readFlag(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw wrong(field, value, "true or false");
}

/** `takes`: what the route takes instead. */
export function wrongTask(model: string, { task }: ModelVersion, takes: string): FarthingError {
  const message = `The model ${quoted(model)} does ${task}; ${takes}.`;
  return new FarthingError("unsupported_task", message, { field: "model" });
}

export function wrong(field: string, value: unknown, allowed: string): FarthingError {
  return new FarthingError("invalid_field", `${field} is ${received(value)}; it must be ${allowed}.`, { field });
}
