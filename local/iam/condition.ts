import { CONDITION_OPERATORS, type ConditionOperator, NULL_OPERATOR } from "./condition-operators.ts";

/** Condition keys of one request, in lower case, with their values; absent keys are not in the map. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

/** One key under one operator; all conditions of a statement must hold. */
export type Condition =
  | { readonly type: "null"; readonly key: string; readonly absent: boolean }
  | {
      readonly type: "compare";
      readonly key: string;
      readonly operator: ConditionOperator;
      readonly ifExists: boolean;
      /** How a key with several values is read. */
      readonly quantifier: "single" | "for-all-values" | "for-any-value";
      readonly values: readonly string[];
    };

const SHAPE = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** Throws an Error that names the operator when it is not one that is evaluated here. */
export function parseCondition(operatorName: string, key: string, values: readonly string[]): Condition {
  const [, quantifierName, baseName = "", ifExists] = SHAPE.exec(operatorName) ?? [];
  if (baseName === NULL_OPERATOR && quantifierName === undefined && ifExists === undefined) {
    return { type: "null", key, absent: parseNullValue(values) };
  }
  const operator = Object.hasOwn(CONDITION_OPERATORS, baseName) ? CONDITION_OPERATORS[baseName] : undefined;
  if (operator === undefined) {
    const known = [...Object.keys(CONDITION_OPERATORS), NULL_OPERATOR].join(", ");
    throw new Error(
      `unknown condition operator "${operatorName}"; evaluated here, also with IfExists, ForAllValues: and ForAnyValue:, are ${known}`,
    );
  }
  const quantifier =
    quantifierName === "ForAllValues"
      ? "for-all-values"
      : quantifierName === "ForAnyValue"
        ? "for-any-value"
        : "single";
  return { type: "compare", key, operator, ifExists: ifExists !== undefined, quantifier, values };
}

function parseNullValue(values: readonly string[]): boolean {
  const [value] = values;
  if (values.length === 1 && (value === "true" || value === "false")) return value === "true";
  throw new Error(`condition operator "Null" takes "true" or "false", received ${JSON.stringify(values)}`);
}

/**
 * Whether the request meets the condition. Keys are compared without regard to case.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export function conditionHolds(condition: Condition, context: ConditionContext): boolean {
  const actual = context.get(condition.key.toLowerCase()) ?? [];
  if (condition.type === "null") return (actual.length === 0) === condition.absent;

  const { operator, quantifier, values } = condition;
  const holds = (value: string) => values.some((wanted) => operator.matches(wanted, value)) !== operator.negated;
  if (quantifier === "for-all-values") return actual.every(holds);
  if (actual.length === 0) return condition.ifExists || (quantifier === "single" && operator.negated);
  if (quantifier === "for-any-value") return actual.some(holds);
  return operator.negated ? actual.every(holds) : actual.some(holds);
}
