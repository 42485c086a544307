/** The cards of models/ that endpoints serve. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEndpointCard } from "../../../core/models/any-card.ts";
import type { EndpointCard } from "../../../core/models/endpoint-card.ts";

export function largeModel(name: string): EndpointCard {
  const path = resolve(import.meta.dirname, "../../../models", name, "model.json");
  return parseEndpointCard(JSON.parse(readFileSync(path, "utf8")), path);
}
