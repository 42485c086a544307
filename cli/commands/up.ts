import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Terminal } from "../terminal.ts";
import { untilSignal } from "../until-signal.ts";
import { type DoorOptions, openDoor } from "../up/door.ts";
import { up } from "../up/up.ts";
import { stateDirectoryOf } from "../where.ts";

const MAX_PORT = 65_535;
const MAX_WAKE_SECONDS = 3_600;

interface UpFlags extends DoorOptions {
  readonly env: string;
  readonly config?: string;
  readonly port: number;
  readonly state?: string;
  readonly readyFile?: string;
  readonly demo: boolean;
  readonly verbose?: boolean;
  readonly gpuWake: number;
  readonly environments?: number;
  readonly queue?: number;
}

export function addUpCommand(program: Command, terminal: Terminal, root: string): void {
  program
    .command("up")
    .description("run the synthesised stacks on this machine: the same templates, bundles and permissions as on AWS")
    .option("--env <name>", "environment of farthing.config.ts to synthesise", "local")
    .option("--config <file>", "another configuration than farthing.config.ts")
    .option("--port <number>", "port of the API; 0 takes a free one", portNumber, 8080)
    .option("--host <address>", "address to listen on, such as 0.0.0.0; other than this machine's own only with TLS")
    .option("--tls-cert <file>", "serve HTTPS with this certificate (PEM, the chain included)")
    .option("--tls-key <file>", "private key of the certificate (PEM)")
    .option(
      "--tls-self-made [names...]",
      "serve HTTPS with a certificate made and kept here, for this machine's addresses and these names",
    )
    .option("--state <dir>", "what lasts between runs (default: .farthing/<env>)")
    .option("--ready-file <path>", "write { url, apiKey, environment, pid, models } there when the platform answers")
    .option("--gpu-wake <seconds>", "how long a GPU endpoint takes to wake from zero instances", seconds, 3)
    .option(
      "--environments <number>",
      "requests that run at once on demand, each in a process of its own (default: twice the cores)",
      positive,
    )
    .option(
      "--queue <number>",
      "requests that may wait for one of them before they are throttled (default: 1000)",
      count,
    )
    .option("--no-demo", "do not publish the models of models/")
    .option("--verbose", "show every step, invocation and log line")
    .addHelpText("after", "\nExamples:\n  npx farthing up\n  npx farthing up --port 0 --ready-file /tmp/farthing.json")
    .action(async (flags: UpFlags) => {
      const stateDirectory = stateDirectoryOf(root, flags.env, flags.state);
      const { door, selfMade } = await openDoor(flags, stateDirectory, new Date());
      const stopping = new AbortController();
      const asked = untilSignal().then(() => stopping.abort());
      const options = {
        root,
        environment: flags.env,
        ...(flags.config !== undefined && { config: resolve(flags.config) }),
        port: flags.port,
        stateDirectory,
        demo: flags.demo,
        verbose: flags.verbose ?? false,
        gpuWakeMillis: flags.gpuWake * 1_000,
        lambda: {
          ...(flags.environments !== undefined && { concurrency: flags.environments }),
          ...(flags.queue !== undefined && { maxQueuedRequests: flags.queue }),
        },
        ...(door === undefined ? {} : { door }),
        ...(selfMade === undefined ? {} : { selfMade }),
        ...(flags.readyFile === undefined ? {} : { readyFile: resolve(flags.readyFile) }),
      };
      const running = await up(options, terminal, stopping.signal).catch((error: unknown) => {
        throw stopping.signal.aborted ? new Error("stopped before the platform was ready") : error;
      });
      await asked;
      terminal.note("stopping");
      await running.stop();
    });
}

function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`It is a whole number; received "${text}".`);
}

function positive(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`It is a whole number from 1 on; received "${text}".`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= MAX_WAKE_SECONDS) return value;
  throw new InvalidArgumentError(`It is a number of seconds from 0 to ${MAX_WAKE_SECONDS}; received "${text}".`);
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new InvalidArgumentError(`A port is a whole number from 0 to ${MAX_PORT}; received "${text}".`);
}
