/**
 * What an endpoint lets through: what the roles behind it may do, and nothing else, so that credentials of another account cannot
 * carry data out by it. Conditions of single statements stay with the roles, which name the tables' keys.
 * https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
import { AnyPrincipal, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Aws } from "aws-cdk-lib/core";
import type { InterfaceService } from "../../network-needs.ts";

export type EndpointService = InterfaceService | "dynamodb" | "s3";

/** SageMaker has two endpoints and one namespace of actions: these are the runtime's. */
const RUNTIME_ACTION = /^sagemaker:InvokeEndpoint/;

export function serviceOf(action: string): string {
  const [prefix = ""] = action.split(":");
  if (prefix !== "sagemaker") return prefix;
  return RUNTIME_ACTION.test(action) ? "sagemaker.runtime" : "sagemaker.api";
}

export function endpointPolicy(service: EndpointService, ofRoles: readonly PolicyStatement[]): PolicyDocument {
  const statements = ofRoles.flatMap((statement) => {
    const actions = statement.actions.filter((action) => serviceOf(action) === service);
    if (actions.length === 0) return [];
    return new PolicyStatement({
      ...(statement.sid !== undefined && { sid: statement.sid }),
      principals: [new AnyPrincipal()],
      actions,
      resources: statement.resources,
      conditions: { StringEquals: { "aws:PrincipalAccount": Aws.ACCOUNT_ID } },
    });
  });
  if (statements.length === 0) throw new Error(`no role calls ${service}, so it needs no endpoint`);
  return new PolicyDocument({ statements });
}
