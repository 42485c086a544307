import { type ConditionContext, conditionHolds } from "./condition.ts";
import type { Patterns, Policy, Principal, Statement } from "./policy-document.ts";
import { matchesWildcard } from "./wildcard.ts";

/** One permission that is asked for. */
export interface Question {
  readonly action: string;
  /** Absent when a trust policy is asked. */
  readonly resourceArn?: string;
  readonly context: ConditionContext;
  /** Whether the caller is this principal; asked of policies that name principals. */
  readonly isPrincipal?: (principal: Principal) => boolean;
}

/** `silent`: no statement applies, which is a denial unless another policy allows. */
export type Verdict = "allow" | "deny" | "silent";

/**
 * Deny wins over Allow, Allow over silence.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function decide(policies: Iterable<Policy>, question: Question): Verdict {
  let verdict: Verdict = "silent";
  for (const { statements } of policies) {
    for (const statement of statements) {
      if (!applies(statement, question)) continue;
      if (statement.effect === "Deny") return "deny";
      verdict = "allow";
    }
  }
  return verdict;
}

function applies(statement: Statement, question: Question): boolean {
  const { resources, principals } = statement;
  const { resourceArn, isPrincipal } = question;
  return (
    covers(statement.actions, question.action.toLowerCase()) &&
    (resources === undefined || (resourceArn !== undefined && covers(resources, resourceArn))) &&
    (principals === undefined || (isPrincipal !== undefined && principals.some(isPrincipal))) &&
    statement.conditions.every((condition) => conditionHolds(condition, question.context))
  );
}

function covers({ type, patterns }: Patterns, text: string): boolean {
  return patterns.some((pattern) => matchesWildcard(pattern, text)) === (type === "any-of");
}
