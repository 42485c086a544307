export interface Account {
  readonly region: string;
  readonly accountId: string;
}

type Kind = "model" | "endpoint-config" | "endpoint" | "inference-component";

/**
 * Names keep their case, ARNs are lower case: a policy that spells an endpoint's name in capitals matches nothing.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
 */
export const sageMakerArn = ({ region, accountId }: Account, kind: Kind, name: string): string =>
  `arn:aws:sagemaker:${region}:${accountId}:${kind}/${name.toLowerCase()}`;
