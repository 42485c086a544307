import type { PlatformEvent } from "../../local/simulator.ts";
import { eventLine } from "../rendering/event-line.ts";
import type { Terminal } from "../terminal.ts";

/** What the platform says, for a person: always what is missing or fails, and everything else when `verbose`. */
export function eventPrinter(
  { note, style }: Terminal,
  verbose: boolean,
  now: () => number,
): (event: PlatformEvent) => void {
  return (event) => {
    switch (event.type) {
      case "progress":
        if (verbose) note(style.dim(`         ${event.step}${event.detail === undefined ? "" : `: ${event.detail}`}`));
        return;
      case "access-denied":
        note(style.yellow(`access denied: ${event.message}`));
        return;
      case "unreachable":
        note(style.yellow(`unreachable: ${event.message}`));
        return;
      case "warning":
        note(style.yellow(event.message));
        return;
      case "log":
        if (verbose) note(eventLine({ timestamp: now(), logGroup: event.logGroup, message: event.line }, style));
        return;
      case "invocation": {
        const init = event.initMillis === undefined ? "" : `, cold start ${event.initMillis.toFixed(0)} ms`;
        const line = `${event.functionName}  ${event.status} in ${event.durationMillis.toFixed(1)} ms${init}`;
        if (event.status !== "success") note(style.red(line));
        else if (verbose) note(style.dim(line));
        return;
      }
    }
  };
}
