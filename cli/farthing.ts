#!/usr/bin/env node
/** The command line: parses, calls, renders. Exit codes: 0 done, 1 failed, 2 wrong usage. */
import { resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { addBillCommand } from "./commands/bill.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addModelCommands } from "./commands/model.ts";
import { addTenantCommands } from "./commands/tenant.ts";
import { addUpCommand } from "./commands/up.ts";
import { addUpstreamCommands } from "./commands/upstream.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

const ROOT = resolve(import.meta.dirname, "..");
const MAX_CAUSES = 5;

function createProgram(terminal: Terminal, root: string): Command {
  const program = new Command("farthing")
    .description("Trained models as a metered HTTPS API, for the lowest price that the traffic allows.")
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride();
  addUpCommand(program, terminal, root);
  addModelCommands(program, terminal, root);
  addTenantCommands(program, terminal, root);
  addUpstreamCommands(program, terminal, root);
  addLogsCommand(program, terminal, root);
  addBillCommand(program, terminal, root);
  return program;
}

/** Answers the exit code. */
export async function main(argv: readonly string[], terminal: Terminal, root = ROOT): Promise<number> {
  try {
    await createProgram(terminal, root).parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.note(terminal.style.red(wordsOf(error)));
    return 1;
  }
}

/** The error and what led to it: "the registry does not answer" helps nobody who may not read it. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined; depth++) {
    const text = current instanceof Error ? current.message || current.name : String(current);
    if (!words.some((earlier) => earlier.includes(text))) words.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return words.join("\n  because: ");
}

if (import.meta.main) {
  const isTTY = { out: process.stdout.isTTY === true, error: process.stderr.isTTY === true };
  process.exitCode = await main(process.argv.slice(2), processTerminal(process.env, isTTY));
}
