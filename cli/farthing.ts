#!/usr/bin/env node
/** The command line: parses, calls, renders. Exit codes: 0 done, 1 failed, 2 wrong usage. */
import { resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { addLogsCommand } from "./commands/logs.ts";
import { addModelCommands } from "./commands/model.ts";
import { addTenantCommands } from "./commands/tenant.ts";
import { addUpCommand } from "./commands/up.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

const ROOT = resolve(import.meta.dirname, "..");

export function createProgram(terminal: Terminal, root = ROOT): Command {
  const program = new Command("farthing")
    .description("Trained models as a metered HTTPS API, for the lowest price that the traffic allows.")
    .showHelpAfterError("(farthing --help shows what there is)")
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .exitOverride();
  addUpCommand(program, terminal, root);
  addModelCommands(program, terminal);
  addTenantCommands(program, terminal);
  addLogsCommand(program, terminal);
  return program;
}

/** Answers the exit code. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.note(terminal.style.red(error instanceof Error ? error.message : String(error)));
    return 1;
  }
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2), processTerminal(process.env, process.stdout.isTTY === true));
}
