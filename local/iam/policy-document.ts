import * as z from "zod";
import { type Condition, parseCondition } from "./condition.ts";

/**
 * A policy of a template, parsed once. What is not evaluated here (an unknown element, operator or variable) is an
 * error when the template is loaded: skipped, it would allow what the account denies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export interface Policy {
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly effect: "Allow" | "Deny";
  /** In lower case: IAM ignores the case of actions (not of resources). */
  readonly actions: Patterns;
  /** Absent in trust policies. */
  readonly resources?: Patterns;
  /** Absent in identity policies. */
  readonly principals?: readonly Principal[];
  readonly conditions: readonly Condition[];
}

/** `except`: NotAction, NotResource. */
export interface Patterns {
  readonly type: "any-of" | "except";
  readonly patterns: readonly string[];
}

export interface Principal {
  readonly type: "AWS" | "Service" | "Federated" | "CanonicalUser";
  readonly value: string;
}

/** Where a policy stands decides which elements it must have. */
export type PolicyKind = "identity" | "resource" | "trust";

const oneOrMany = z.union([z.string(), z.array(z.string()).min(1)]);
const conditionValue = z.union([z.string(), z.number(), z.boolean()]);
const principal = z.union([
  z.literal("*"),
  z.strictObject({
    AWS: oneOrMany.optional(),
    Service: oneOrMany.optional(),
    Federated: oneOrMany.optional(),
    CanonicalUser: oneOrMany.optional(),
  }),
]);
const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: oneOrMany.optional(),
  NotAction: oneOrMany.optional(),
  Resource: oneOrMany.optional(),
  NotResource: oneOrMany.optional(),
  Principal: principal.optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.union([conditionValue, z.array(conditionValue)]))).optional(),
});
const documentSchema = z.strictObject({
  Version: z.enum(["2012-10-17", "2008-10-17"]).optional(),
  Id: z.string().optional(),
  Statement: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]),
});
type StatementDocument = z.infer<typeof statementSchema>;

/** `where` names the policy in error messages: `role farthing-router, policy Default`. */
export function parsePolicy(document: unknown, kind: PolicyKind, where: string): Policy {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) throw new Error(`${where}: not a policy document. ${z.prettifyError(parsed.error)}`);
  const statements = [parsed.data.Statement].flat();
  return {
    statements: statements.map((statement, index) => {
      const read = statementSchema.safeParse(statement);
      const name = read.data?.Sid === undefined ? `statement ${index + 1}` : `statement "${read.data.Sid}"`;
      if (!read.success) throw new Error(`${where}, ${name}: ${z.prettifyError(read.error)}`);
      try {
        return parseStatement(read.data, kind);
      } catch (error) {
        throw new Error(`${where}, ${name}: ${(error as Error).message}`);
      }
    }),
  };
}

function parseStatement(statement: StatementDocument, kind: PolicyKind): Statement {
  const actions = patterns(statement, "Action", "NotAction");
  for (const action of actions.patterns) {
    if (action !== "*" && !/^[\w-]+:[\w*?]+$/.test(action)) {
      throw new Error(`"${action}" is not an action; write "service:Action", with * and ? as wildcards, or "*"`);
    }
  }
  if (kind === "trust") forbid(statement, ["Resource", "NotResource"], "a trust policy");
  const resources = kind === "trust" ? undefined : patterns(statement, "Resource", "NotResource");
  for (const resource of resources?.patterns ?? []) refuseVariables(resource);
  if (kind === "identity") forbid(statement, ["Principal"], "an identity policy");
  return {
    effect: statement.Effect,
    actions: { ...actions, patterns: actions.patterns.map((action) => action.toLowerCase()) },
    ...(resources === undefined ? {} : { resources }),
    ...(kind === "identity" ? {} : { principals: principals(statement) }),
    conditions: Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => {
        const values = [value].flat().map(String);
        for (const text of values) refuseVariables(text);
        return parseCondition(operator, key, values);
      }),
    ),
  };
}

function patterns(
  statement: StatementDocument,
  element: "Action" | "Resource",
  exception: "NotAction" | "NotResource",
): Patterns {
  const included = statement[element];
  const excluded = statement[exception];
  if (included !== undefined && excluded === undefined) return { type: "any-of", patterns: [included].flat() };
  if (excluded !== undefined && included === undefined) return { type: "except", patterns: [excluded].flat() };
  throw new Error(`exactly one of ${element} and ${exception} is required`);
}

function principals(statement: StatementDocument): Principal[] {
  if (statement.Principal === undefined) throw new Error("Principal is required here (NotPrincipal is not evaluated)");
  if (statement.Principal === "*") return [{ type: "AWS", value: "*" }];
  return Object.entries(statement.Principal).flatMap(([type, values]) =>
    [values ?? []].flat().map((value) => ({ type: type as Principal["type"], value })),
  );
}

function forbid(statement: StatementDocument, elements: readonly (keyof StatementDocument)[], where: string): void {
  const found = elements.find((element) => statement[element] !== undefined);
  if (found !== undefined) throw new Error(`${found} may not stand in ${where}`);
}

/** `${aws:username}` would be compared as written, and so never match or deny. */
function refuseVariables(text: string): void {
  const variable = /\$\{[^}]*\}/.exec(text);
  if (variable) throw new Error(`policy variable ${variable[0]} in "${text}" is not evaluated here; write the value`);
}
