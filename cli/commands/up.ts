import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Terminal } from "../terminal.ts";
import { untilSignal } from "../until-signal.ts";
import { type DoorOptions, doorOf } from "../up/door.ts";
import { up } from "../up/up.ts";
import { stateDirectoryOf } from "../where.ts";

const MAX_PORT = 65_535;

interface UpFlags extends DoorOptions {
  readonly env: string;
  readonly port: number;
  readonly state?: string;
  readonly readyFile?: string;
  readonly demo: boolean;
  readonly verbose?: boolean;
}

export function addUpCommand(program: Command, terminal: Terminal, root: string): void {
  program
    .command("up")
    .description("run the synthesised stacks on this machine: the same templates, bundles and permissions as on AWS")
    .option("--env <name>", "environment of farthing.config.ts to synthesise", "local")
    .option("--port <number>", "port of the API; 0 takes a free one", portNumber, 8080)
    .option("--host <address>", "address to listen on, such as 0.0.0.0; other than this machine's own only with TLS")
    .option("--tls-cert <file>", "serve HTTPS with this certificate (PEM, the chain included)")
    .option("--tls-key <file>", "private key of the certificate (PEM)")
    .option("--state <dir>", "what lasts between runs (default: .farthing/<env>)")
    .option("--ready-file <path>", "write { url, apiKey, environment, pid, models } there when the platform answers")
    .option("--no-demo", "do not publish the models of models/")
    .option("--verbose", "show every step, invocation and log line")
    .addHelpText("after", "\nExamples:\n  npx farthing up\n  npx farthing up --port 0 --ready-file /tmp/farthing.json")
    .action(async (flags: UpFlags) => {
      const door = doorOf(flags, new Date());
      const stopping = new AbortController();
      const asked = untilSignal().then(() => stopping.abort());
      const options = {
        root,
        environment: flags.env,
        port: flags.port,
        stateDirectory: stateDirectoryOf(root, flags.env, flags.state),
        demo: flags.demo,
        verbose: flags.verbose ?? false,
        ...(door === undefined ? {} : { door }),
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

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new InvalidArgumentError(`A port is a whole number from 0 to ${MAX_PORT}; received "${text}".`);
}
