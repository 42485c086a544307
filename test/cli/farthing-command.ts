import { main } from "../../cli/farthing.ts";
import { recordingTerminal } from "./recording-terminal.ts";

/** A command of the CLI in this process; answers its standard output. Rejects with its notes when it fails. */
export async function farthingCommand(...args: readonly string[]): Promise<string> {
  const terminal = recordingTerminal();
  const code = await main(args, terminal);
  if (code !== 0) throw new Error(`farthing ${args.join(" ")} ended with ${code}: ${terminal.notes.join("\n")}`);
  return terminal.results.join("\n");
}
