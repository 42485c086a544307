import type { Agent } from "node:http";
import type { Reaper } from "../../lambda/reaper.ts";
import type { AccessControl, LogSink, SimulatorContext } from "../../simulator.ts";
import type { ContainerCommand } from "../container/command.ts";
import type { SageMakerOptions } from "../options.ts";

/** What everything that is hosted here reaches the world by. */
export interface HostingServices {
  readonly context: Pick<SimulatorContext, "region" | "accountId" | "awsEndpointUrl" | "clock" | "emit">;
  readonly access: AccessControl;
  readonly logs: LogSink;
  readonly reaper: Reaper;
  readonly agent: Agent;
  readonly options: SageMakerOptions;
  /** What runs in place of images; undefined: nothing can. */
  readonly command: ContainerCommand | undefined;
  /** Folders of models and temporary files. */
  readonly workDirectory: string;
  /** Rejects when `signal` says stop. */
  sleep(millis: number, signal: AbortSignal): Promise<void>;
  /** For the patience with containers that start. */
  monotonicMillis(): number;
  /** State of a CloudWatch alarm; undefined when there is none of that name. */
  alarmState(name: string): "OK" | "ALARM" | "INSUFFICIENT_DATA" | undefined;
  randomHex(bytes: number): string;
}
