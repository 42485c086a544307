import type { Caller } from "../simulator.ts";
import type { FunctionVersion } from "./function-version.ts";
import type { SandboxServices } from "./sandbox-services.ts";

/** Where the lines of one execution environment go: its log stream, if the function's role may write there. */
export interface EnvironmentLog {
  readonly stream: string;
  /** A line that the function wrote: also read for embedded metrics. */
  functionLine(line: string): void;
  platformLine(line: string | undefined): void;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html#monitoring-cloudwatchlogs-prereqs */
const NEEDED_ACTIONS = ["logs:CreateLogStream", "logs:PutLogEvents"] as const;

export function logStreamName(version: FunctionVersion, nowMillis: number, id: string): string {
  const day = new Date(nowMillis).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[${version.version}]${id}`;
}

export function openEnvironmentLog(
  version: FunctionVersion,
  stream: string,
  caller: Caller,
  services: Pick<SandboxServices, "access" | "logs" | "metrics" | "context">,
): EnvironmentLog {
  const group = version.logging.logGroup;
  const [, , , , accountId] = version.functionArn.split(":");
  const resourceArn = `arn:aws:logs:${services.context.region}:${accountId}:log-group:${group}:log-stream:${stream}`;
  for (const action of NEEDED_ACTIONS) {
    const verdict = services.access.evaluate(caller, { action, resourceArn });
    if (verdict.allowed) continue;
    services.context.emit({
      type: "warning",
      message: `${version.functionName} writes no log, as in the account: ${verdict.message}`,
    });
    return { stream, functionLine: () => undefined, platformLine: () => undefined };
  }
  return {
    stream,
    functionLine(line) {
      services.logs.append(group, stream, line);
      services.metrics.ingestLogLine(group, line);
    },
    platformLine(line) {
      if (line !== undefined) services.logs.append(group, stream, line);
    },
  };
}
