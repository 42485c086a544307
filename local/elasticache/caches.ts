/** Caches, users and groups of users as this machine knows them. */
export interface Cache {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly majorEngineVersion: string;
  readonly userGroupId: string;
  readonly port: number;
  readonly createdAtMillis: number;
  limits: UsageLimits;
  /** When its limits were changed last. */
  changedAtMillis: number;
}

export interface UsageLimits {
  readonly dataStorage?: { readonly minimum?: number; readonly maximum?: number };
  readonly ecpuPerSecond?: { readonly minimum?: number; readonly maximum?: number };
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly accessString: string;
}

export interface UserGroup {
  readonly id: string;
  readonly arn: string;
  readonly userIds: readonly string[];
}

export interface ElastiCacheFacts {
  readonly accountId: string;
  readonly region: string;
  readonly clock: () => number;
  readonly caches: Map<string, Cache>;
  readonly users: Map<string, User>;
  readonly groups: Map<string, UserGroup>;
}

export const arnOf = (
  { accountId, region }: Pick<ElastiCacheFacts, "accountId" | "region">,
  kind: "serverlesscache" | "user" | "usergroup",
  name: string,
): string => `arn:aws:elasticache:${region}:${accountId}:${kind}:${name}`;
