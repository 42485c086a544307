import { createLogsSimulator } from "../../local/logs/simulator.ts";
import type { LogSink } from "../../local/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../local/endpoint/running-endpoint.ts";

export interface RunningLogs {
  readonly endpoint: RunningEndpoint;
  /** A line of a deployment's log, received at that time. */
  write(atMillis: number, deployment: string, line: string): void;
}

/** CloudWatch Logs here, with the log groups of a router and one model group. */
export async function startLogs(): Promise<RunningLogs> {
  let now = 0;
  let sink: LogSink | undefined;
  const endpoint = await startEndpoint(
    (context) => {
      const logs = createLogsSimulator({ ...context, clock: () => now });
      sink = logs;
      return [logs];
    },
    { endpointClock: Date.now },
  );
  for (const deployment of ["router", "small"]) {
    await endpoint.create("AWS::Logs::LogGroup", `Log-${deployment}`, {
      LogGroupName: `/farthing/local/${deployment}`,
    });
  }
  return {
    endpoint,
    write(atMillis, deployment, line) {
      now = atMillis;
      sink?.append(`/farthing/local/${deployment}`, "stream", line);
    },
  };
}
