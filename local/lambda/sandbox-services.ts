import type { AccessControl, LogSink, MetricSink, SimulatorContext } from "../simulator.ts";
import type { Reaper } from "./reaper.ts";

/** What all execution environments share. */
export interface SandboxServices {
  readonly context: Pick<SimulatorContext, "region" | "awsEndpointUrl" | "clock" | "emit">;
  readonly access: AccessControl;
  readonly logs: LogSink;
  readonly metrics: MetricSink;
  readonly reaper: Reaper;
  /** File with certificates of services on this machine; undefined: there are none. */
  readonly certificateFile: () => string | undefined;
  /** The interpreter: Node 24, as in `nodejs24.x`. */
  readonly node: string;
  /** What is `/var/runtime` in Lambda: the runtime interface client, outside the repository. */
  readonly runtimeDirectory: string;
  /** Where each environment gets its own `/tmp`. */
  readonly temporaryRoot: string;
  readonly memorySampleMillis: number;
  /** For durations: milliseconds with fractions, never set back. */
  readonly monotonicMillis: () => number;
  readonly randomHex: (bytes: number) => string;
}
