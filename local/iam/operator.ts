import type { Credentials } from "../simulator.ts";

/**
 * The person at the machine: an administrator of the local account. The credentials are public and the same
 * everywhere, so that any AWS tool can be pointed at the endpoint; what protects the state is that the endpoint listens
 * on the loopback interface only and refuses requests that a web page of another site makes (endpoint/browser-guard.ts).
 */
export const OPERATOR_CREDENTIALS: Credentials = {
  accessKeyId: "AKIAFARTHINGOPERATOR",
  secretAccessKey: "local/operator/secret/of/every/farthing",
  sessionToken: "",
};

export const operatorArn = (accountId: string): string => `arn:aws:iam::${accountId}:user/operator`;
