import { PolicyStatement } from "aws-cdk-lib/aws-iam";

/** One statement of a role: under its name, these calls on these resources. */
export const allow = (sid: string, actions: string[], resources: string[]) =>
  new PolicyStatement({ sid, actions, resources });
