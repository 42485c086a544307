import { matchesArn } from "../iam/wildcard.ts";

/** One AWS::Lambda::Permission: who may invoke a function on whose behalf. */
export interface PolicyStatement {
  /** Undefined for the unqualified function. */
  readonly qualifier?: string;
  readonly action: string;
  /** `apigateway.amazonaws.com`, an account or a role. */
  readonly principal: string;
  readonly sourceArn?: string;
  readonly sourceAccount?: string;
}

export interface ServiceInvocation {
  readonly qualifier?: string;
  readonly principal: string;
  readonly sourceArn: string;
  readonly sourceAccount: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html */
export function allowsService(statements: readonly PolicyStatement[], invocation: ServiceInvocation): boolean {
  return statements.some(
    (statement) =>
      statement.qualifier === invocation.qualifier &&
      (statement.action === "lambda:InvokeFunction" || statement.action === "lambda:*" || statement.action === "*") &&
      (statement.principal === invocation.principal || statement.principal === "*") &&
      (statement.sourceArn === undefined || matchesArn(statement.sourceArn, invocation.sourceArn)) &&
      (statement.sourceAccount === undefined || statement.sourceAccount === invocation.sourceAccount),
  );
}
