/** What the options of `farthing tenant` may be, and what they are read as. */
import { InvalidArgumentError, Option } from "commander";
import { DATA_CLASSES, type DataClass } from "../../core/tenants/data-class.ts";
import type { KeyOptions } from "../../core/tenants/issue-key.ts";
import { type KeyScopes, MODEL_SCOPE_PATTERN, ROUTE_SCOPE_PATTERN } from "../../core/tenants/scope.ts";
import { picodollarsOf } from "../../core/tenants/usd-amount.ts";
import { durationMillis } from "../logs/duration.ts";

export const NONE = "none";

export function duration(text: string): number {
  const millis = durationMillis(text);
  if (millis !== undefined) return millis;
  throw new InvalidArgumentError(`a number and s, m, h or d, such as 30m; received "${text}".`);
}

/** A duration from now, or a date: ISO 8601. */
export function moment(text: string): (nowMillis: number) => string {
  const millis = durationMillis(text);
  if (millis !== undefined) return (nowMillis) => new Date(nowMillis + millis).toISOString();
  const date = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(date)) {
    throw new InvalidArgumentError(`a duration such as 90d, or a date such as 2027-03-31; received "${text}".`);
  }
  return () => new Date(date).toISOString();
}

/** `none`: take it away. */
export function amount(text: string): bigint | typeof NONE {
  if (text === NONE) return NONE;
  const picodollars = picodollarsOf(text);
  if (picodollars !== undefined) return picodollars;
  throw new InvalidArgumentError(`an amount in USD such as 25 or 0.5, or ${NONE}; received "${text}".`);
}

export const positive =
  (whole: boolean) =>
  (text: string): number | typeof NONE => {
    if (text === NONE) return NONE;
    const value = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
    if (value > 0 && (!whole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(
      `${whole ? "a whole number from 1 on" : "a number above 0"}, or ${NONE}; received "${text}".`,
    );
  };

const entries =
  (pattern: RegExp, example: string) =>
  (text: string): readonly string[] => {
    const all = text.split(",").map((entry) => entry.trim());
    const wrong = all.find((entry) => !pattern.test(entry));
    if (wrong === undefined) return all;
    throw new InvalidArgumentError(`separated by commas, such as ${example}; received "${wrong}".`);
  };

export interface KeyFlags {
  readonly keyName: string;
  readonly models?: readonly string[];
  readonly routes?: readonly string[];
  readonly expires?: (nowMillis: number) => string;
  readonly dataClass?: DataClass;
}

export const keyOptionsOf = () => [
  new Option(
    "--models <names>",
    "models that the key is for, separated by commas; sms-* for all that begin so",
  ).argParser(entries(MODEL_SCOPE_PATTERN, "digits,sms-*")),
  new Option("--routes <paths>", "routes that the key is for, separated by commas; /v2/* for all below").argParser(
    entries(ROUTE_SCOPE_PATTERN, "/v1/embeddings,/v2/*"),
  ),
  new Option("--expires <when>", "a duration such as 90d, or a date such as 2027-03-31 (default: never)").argParser(
    moment,
  ),
  dataClassOption("stricter than the tenant's own, for what is sent with this key"),
];

export const dataClassOption = (description: string): Option =>
  new Option("--data-class <class>", description).choices(DATA_CLASSES);

export function keyOptions(flags: KeyFlags, nowMillis: number): KeyOptions {
  const scopes: KeyScopes = {
    ...(flags.models && { models: flags.models }),
    ...(flags.routes && { routes: flags.routes }),
  };
  return {
    ...(Object.keys(scopes).length > 0 && { scopes }),
    ...(flags.expires && { expiresAt: flags.expires(nowMillis) }),
    ...(flags.dataClass && { dataClass: flags.dataClass }),
  };
}
