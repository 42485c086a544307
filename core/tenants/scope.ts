/** What a key may be used for. Checked before anything is looked up, so a refusal does not tell which models exist. */
import { FarthingError, show } from "../errors.ts";

export interface KeyScopes {
  /** Names of models; `sms-*` stands for all that begin so. Absent: every model. */
  readonly models?: readonly string[];
  /** Paths as the API names them, `/v1/embeddings` or `/v2/models/{name}/infer`; `/v2/*` for all below. Absent: every route. */
  readonly routes?: readonly string[];
}

/** One entry of a scope: a name or a path, an asterisk only at its end. */
export const MODEL_SCOPE_PATTERN = /^(?:[a-z0-9][a-z0-9._-]{0,63}\*?|\*)$/;
export const ROUTE_SCOPE_PATTERN = /^\/[A-Za-z0-9._{}/-]{0,127}\*?$/;

export interface ScopedUse {
  /** Path of the route's definition, not of the request. */
  readonly route: string;
  /** Undefined: the route concerns no single model. */
  readonly model?: string;
}

/** Throws `not_allowed` when the key's scopes do not cover the use. */
export function requireScope(scopes: KeyScopes, { route, model }: ScopedUse): void {
  if (scopes.routes !== undefined && !covers(scopes.routes, route)) {
    throw new FarthingError("not_allowed", `This API key is not for ${route}; it is for ${shown(scopes.routes)}.`);
  }
  if (model !== undefined && scopes.models !== undefined && !covers(scopes.models, model)) {
    throw new FarthingError(
      "not_allowed",
      `This API key is not for the model ${show(model)}; it is for ${shown(scopes.models)}.`,
      { field: "model" },
    );
  }
}

const covers = (entries: readonly string[], text: string): boolean =>
  entries.some((entry) => (entry.endsWith("*") ? text.startsWith(entry.slice(0, -1)) : text === entry));

const MAX_SHOWN = 10;

const shown = (entries: readonly string[]): string =>
  entries.length === 0
    ? "nothing"
    : entries.slice(0, MAX_SHOWN).join(", ") +
      (entries.length > MAX_SHOWN ? `, and ${entries.length - MAX_SHOWN} more` : "");
