import { matchesArn, matchesWildcard } from "./wildcard.ts";

/**
 * The condition operators that are evaluated here. What is absent (IpAddress, BinaryEquals) is refused when a policy is
 * loaded, since a condition that is skipped would allow what the account denies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export interface ConditionOperator {
  /** Whether a value of the request (`actual`) meets one value of the policy (`wanted`). */
  readonly matches: (wanted: string, actual: string) => boolean;
  /** `StringNotEquals` and its kind: the condition holds when no value matches, and when the key is absent. */
  readonly negated: boolean;
}

const sameText = (wanted: string, actual: string) => wanted === actual;
const sameTextAnyCase = (wanted: string, actual: string) => wanted.toLowerCase() === actual.toLowerCase();

type Comparison = (actual: number, wanted: number) => boolean;
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  Equals: (actual, wanted) => actual === wanted,
  LessThan: (actual, wanted) => actual < wanted,
  LessThanEquals: (actual, wanted) => actual <= wanted,
  GreaterThan: (actual, wanted) => actual > wanted,
  GreaterThanEquals: (actual, wanted) => actual >= wanted,
};

/** NaN compares as false with everything: a value that is no number or date meets no condition. */
const number = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));
const date = (text: string) => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));

const plain = (matches: ConditionOperator["matches"]): ConditionOperator => ({ matches, negated: false });
const negated = (matches: ConditionOperator["matches"]): ConditionOperator => ({ matches, negated: true });

function ordered(prefix: string, read: (text: string) => number): Record<string, ConditionOperator> {
  const equals = (wanted: string, actual: string) => read(actual) === read(wanted);
  return {
    ...Object.fromEntries(
      Object.entries(COMPARISONS).map(([name, compare]) => [
        `${prefix}${name}`,
        plain((wanted, actual) => compare(read(actual), read(wanted))),
      ]),
    ),
    [`${prefix}NotEquals`]: negated(equals),
  };
}

export const CONDITION_OPERATORS: Readonly<Record<string, ConditionOperator>> = {
  StringEquals: plain(sameText),
  StringNotEquals: negated(sameText),
  StringEqualsIgnoreCase: plain(sameTextAnyCase),
  StringNotEqualsIgnoreCase: negated(sameTextAnyCase),
  StringLike: plain(matchesWildcard),
  StringNotLike: negated(matchesWildcard),
  // ArnEquals takes wildcards as well: "ArnEquals and ArnLike behave identically".
  ArnEquals: plain(matchesArn),
  ArnLike: plain(matchesArn),
  ArnNotEquals: negated(matchesArn),
  ArnNotLike: negated(matchesArn),
  Bool: plain(sameTextAnyCase),
  ...ordered("Numeric", number),
  ...ordered("Date", date),
};

/** Asks whether the key is absent (`true`) or present (`false`): the one operator that looks at no value. */
export const NULL_OPERATOR = "Null";
