import { setTimeout as sleep } from "node:timers/promises";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { durationMillis } from "../logs/duration.ts";
import { readEvents } from "../logs/read-events.ts";
import { eventLine } from "../rendering/event-line.ts";
import type { Terminal } from "../terminal.ts";
import { untilSignal } from "../until-signal.ts";
import { clientSettings, type Where, withWhere } from "../where.ts";

interface LogsFlags extends Where {
  readonly since: number;
  readonly filter?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const DEFAULT_SINCE = "10m";

export function addLogsCommand(program: Command, terminal: Terminal, root: string): void {
  withWhere(program.command("logs"))
    .argument("[deployment]", "router, a model group, or access (default: all)")
    .description("what an environment's functions and its API wrote: a line per request, and what went wrong")
    .addOption(
      new Option("--since <duration>", "how far back, such as 90s, 10m, 2h or 1d")
        .argParser(since)
        .default(since(DEFAULT_SINCE), DEFAULT_SINCE),
    )
    .option("--filter <pattern>", "CloudWatch Logs filter pattern")
    .option("--follow", "go on as new lines come, until Ctrl-C")
    .option("--json", "the events as they are, one JSON object per line")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing logs --follow\n  npx farthing logs small --since 1h --filter '{ $.status >= 500 }' --env prod",
    )
    .action(async (deployment: string | undefined, flags: LogsFlags) => {
      const client = new CloudWatchLogsClient(clientSettings(flags, root));
      const stop = new AbortController();
      if (flags.follow) void untilSignal().then(() => stop.abort());
      const query = {
        environment: flags.env,
        from: Date.now() - flags.since,
        follow: flags.follow ?? false,
        ...(deployment === undefined ? {} : { deployment }),
        ...(flags.filter === undefined ? {} : { pattern: flags.filter }),
      };
      const reading = {
        client,
        signal: stop.signal,
        sleep: (millis: number) => sleep(millis, undefined, { signal: stop.signal }).catch(() => undefined),
      };
      for await (const event of readEvents(query, reading)) {
        terminal.out(flags.json ? JSON.stringify(event) : eventLine(event, terminal.style));
      }
    });
}

function since(text: string): number {
  const millis = durationMillis(text);
  if (millis !== undefined) return millis;
  throw new InvalidArgumentError(`a number and s, m, h or d, such as 10m; received "${text}".`);
}
