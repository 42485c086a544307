/** What only generation engines do, refused by name where a model runs in a process of ours: silence would look like a yes. */
import { FarthingError } from "../errors.ts";
import type { InferenceRequest } from "../protocols/spec/inference.ts";

/** Throws `invalid_field`. */
export function refuseEngineOnly(request: InferenceRequest, model: string): void {
  if (request.type !== "generation") return;
  for (const prompt of request.prompts) {
    if (prompt.type !== "chat") continue;
    prompt.messages.forEach(({ role, toolCalls }, index) => {
      if (role === "tool" || toolCalls !== undefined) throw refused(`messages[${index}]`, model, "calls no tools");
    });
  }
  if (request.engine === undefined) return;
  const { tools, outputFormat, parameters } = request.engine;
  if (tools !== undefined && tools.choice !== "none") throw refused("tools", model, "calls no tools");
  if (outputFormat !== undefined) throw refused("response_format", model, "is not held to a schema");
  const [first] = Object.keys(parameters ?? {});
  if (first !== undefined) throw refused(first, model, "has no such control");
}

const refused = (field: string, model: string, why: string): FarthingError =>
  new FarthingError("invalid_field", `${field} is not supported here: the model "${model}" ${why}. Leave it out.`, {
    field,
  });
