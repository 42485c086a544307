/** `arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]`, a partial ARN or a bare name. */
export interface FunctionReference {
  readonly name: string;
  readonly qualifier?: string;
}

const REFERENCE =
  /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:(?:\d{12}:)?function:)?(?<name>[A-Za-z0-9_-]{1,64})(?::(?<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?$/;

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters; undefined for anything else. */
export function parseFunctionReference(text: string): FunctionReference | undefined {
  const groups = REFERENCE.exec(text)?.groups;
  if (groups?.name === undefined) return undefined;
  return groups.qualifier === undefined ? { name: groups.name } : { name: groups.name, qualifier: groups.qualifier };
}

export function functionArn(
  account: { readonly region: string; readonly accountId: string },
  name: string,
  qualifier?: string,
): string {
  const arn = `arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}
