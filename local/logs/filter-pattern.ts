import { ServiceError } from "../endpoint/service-error.ts";
import { matchesWildcard } from "../iam/wildcard.ts";

/**
 * Filter patterns: terms, and JSON conditions. Space-delimited patterns (`[ip, user]`) and regular expressions (`%…%`)
 * are refused.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export type FilterPattern =
  | {
      readonly type: "terms";
      readonly required: readonly string[];
      readonly excluded: readonly string[];
      /** One of these is enough, when nothing is required. */
      readonly alternatives: readonly string[];
    }
  | { readonly type: "json"; readonly condition: JsonCondition };

export type JsonCondition =
  | { readonly type: "all" | "any"; readonly conditions: readonly JsonCondition[] }
  | { readonly type: "compare"; readonly path: Path; readonly operator: Operator; readonly value: string | number }
  | { readonly type: "is"; readonly path: Path; readonly value: null | boolean }
  | { readonly type: "absent"; readonly path: Path };

export type Path = readonly (string | number)[];
export type Operator = "=" | "!=" | "<" | ">" | "<=" | ">=";

/** Throws ServiceError when the pattern cannot be read or is of a kind that is not simulated. */
export function parseFilterPattern(text: string): FilterPattern {
  const trimmed = text.trim();
  if (trimmed.startsWith("[")) throw invalid(text, "space-delimited patterns are not simulated here");
  if (trimmed.startsWith("{")) {
    if (!trimmed.endsWith("}")) throw invalid(text, "the closing brace is missing");
    return { type: "json", condition: new JsonConditionParser(trimmed.slice(1, -1), text).parse() };
  }
  return parseTerms(text);
}

export function matchesFilter(pattern: FilterPattern, message: string): boolean {
  if (pattern.type === "terms") {
    const { required, excluded, alternatives } = pattern;
    return (
      required.every((term) => message.includes(term)) &&
      !excluded.some((term) => message.includes(term)) &&
      (required.length > 0 || alternatives.length === 0 || alternatives.some((term) => message.includes(term)))
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return false;
  }
  return holds(pattern.condition, value);
}

function parseTerms(text: string): FilterPattern {
  const lists = { "": [] as string[], "-": [] as string[], "?": [] as string[] };
  let rest = text.trim();
  while (rest !== "") {
    const [token, sign = "", quoted, bare] = /^([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)/.exec(rest) ?? [];
    if (token === undefined) throw invalid(text, `it cannot be read at ${JSON.stringify(rest.slice(0, 20))}`);
    if (bare !== undefined && /^%.*%$/.test(bare)) throw invalid(text, "regular expressions are not simulated here");
    lists[sign as keyof typeof lists].push(quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "");
    rest = rest.slice(token.length).trim();
  }
  return { type: "terms", required: lists[""], excluded: lists["-"], alternatives: lists["?"] };
}

function holds(condition: JsonCondition, document: unknown): boolean {
  switch (condition.type) {
    case "all":
      return condition.conditions.every((each) => holds(each, document));
    case "any":
      return condition.conditions.some((each) => holds(each, document));
    case "absent":
      return select(document, condition.path) === undefined;
    case "is":
      return select(document, condition.path) === condition.value;
    case "compare":
      return compare(select(document, condition.path), condition.operator, condition.value);
  }
}

function select(document: unknown, path: Path): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** A property that is absent, or of another type, meets no comparison. */
function compare(actual: unknown, operator: Operator, wanted: string | number): boolean {
  if (typeof wanted === "string") {
    if (typeof actual !== "string" || (operator !== "=" && operator !== "!=")) return false;
    return matchesWildcard(wanted.replaceAll("?", "\u0000"), actual.replaceAll("?", "\u0000")) === (operator === "=");
  }
  if (typeof actual !== "number") return false;
  switch (operator) {
    case "=":
      return actual === wanted;
    case "!=":
      return actual !== wanted;
    case "<":
      return actual < wanted;
    case ">":
      return actual > wanted;
    case "<=":
      return actual <= wanted;
    case ">=":
      return actual >= wanted;
  }
}

/** `$.a.b[0] = "x*" && ($.n >= 3 || $.missing NOT EXISTS)` */
class JsonConditionParser {
  readonly #pattern: string;
  #rest: string;

  constructor(text: string, pattern: string) {
    this.#rest = text;
    this.#pattern = pattern;
  }

  parse(): JsonCondition {
    const condition = this.#any();
    if (this.#rest.trim() !== "") throw this.#unexpected();
    return condition;
  }

  #any(): JsonCondition {
    const conditions = [this.#all()];
    while (this.#take(/^\|\|/)) conditions.push(this.#all());
    return conditions.length === 1 ? (conditions[0] as JsonCondition) : { type: "any", conditions };
  }

  #all(): JsonCondition {
    const conditions = [this.#one()];
    while (this.#take(/^&&/)) conditions.push(this.#one());
    return conditions.length === 1 ? (conditions[0] as JsonCondition) : { type: "all", conditions };
  }

  #one(): JsonCondition {
    if (this.#take(/^\(/)) {
      const inner = this.#any();
      if (!this.#take(/^\)/)) throw this.#unexpected();
      return inner;
    }
    const path = this.#path();
    if (this.#take(/^NOT\s+EXISTS\b/i)) return { type: "absent", path };
    const is = this.#take(/^IS\s+(NULL|TRUE|FALSE)\b/i)?.[1]?.toUpperCase();
    if (is !== undefined) return { type: "is", path, value: is === "NULL" ? null : is === "TRUE" };
    const operator = this.#take(/^(?:<=|>=|!=|=|<|>)/)?.[0];
    if (operator === undefined) throw this.#unexpected();
    return { type: "compare", path, operator: operator as Operator, value: this.#value() };
  }

  #path(): Path {
    if (!this.#take(/^\$/)) throw this.#unexpected();
    const path: (string | number)[] = [];
    for (;;) {
      const step = /^(?:\.([\w-]+)|\[(\d{1,6})\]|\[(?:"([^"]*)"|'([^']*)')\])/.exec(this.#rest);
      if (step === null) break;
      this.#rest = this.#rest.slice(step[0].length);
      path.push(step[2] === undefined ? (step[1] ?? step[3] ?? step[4] ?? "") : Number(step[2]));
    }
    if (path.length === 0) throw this.#unexpected();
    return path;
  }

  #value(): string | number {
    const quoted = this.#take(/^"((?:[^"\\]|\\.)*)"/)?.[1];
    if (quoted !== undefined) return quoted.replace(/\\(.)/g, "$1");
    const bare = this.#take(/^[^\s()&|"{}%]+/)?.[0];
    if (bare === undefined) throw this.#unexpected();
    return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(bare) ? Number(bare) : bare;
  }

  #take(shape: RegExp): RegExpExecArray | undefined {
    this.#rest = this.#rest.trimStart();
    const found = shape.exec(this.#rest);
    if (found === null) return undefined;
    this.#rest = this.#rest.slice(found[0].length);
    return found;
  }

  #unexpected(): ServiceError {
    const rest = this.#rest.trim();
    return invalid(
      this.#pattern,
      rest === "" ? "it ends too early" : `it cannot be read at ${JSON.stringify(rest.slice(0, 20))}`,
    );
  }
}

function invalid(pattern: string, why: string): ServiceError {
  return new ServiceError(
    400,
    "InvalidParameterException",
    `Invalid filter pattern ${JSON.stringify(pattern)}: ${why}.`,
  );
}
