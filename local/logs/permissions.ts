import type { RequiredPermission } from "../simulator.ts";

interface Account {
  readonly accountId: string;
  readonly region: string;
}

const groupArn = ({ accountId, region }: Account, logGroup: string) =>
  `arn:aws:logs:${region}:${accountId}:log-group:${logGroup}`;

/** As templates name a group: with `:*`, which covers its streams. */
export const logGroupArn = (account: Account, logGroup: string): string => `${groupArn(account, logGroup)}:*`;

/**
 * What an action on a group (`logStream` undefined) or stream needs. Policies must end the group's ARN with `:*`, as in
 * the account.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
 */
export function logsPermission(account: Account, action: string, logGroup: string, logStream = ""): RequiredPermission {
  return { action: `logs:${action}`, resourceArn: `${groupArn(account, logGroup)}:log-stream:${logStream}` };
}

/** What a function's role needs before its output may be kept: asked by whoever feeds the LogSink. */
export function writeLogPermissions(account: Account, logGroup: string, logStream: string): RequiredPermission[] {
  return ["CreateLogStream", "PutLogEvents"].map((action) => logsPermission(account, action, logGroup, logStream));
}
