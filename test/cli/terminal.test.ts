import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LINES = 20_000;
const TERMINAL = resolve(import.meta.dirname, "../../cli/terminal.ts");

/** Touching a stream of the process makes its pipe answer EAGAIN when it is full. */
const WRITER = `
  import { processTerminal } from ${JSON.stringify(TERMINAL)};
  process.stdout; process.stderr;
  const terminal = processTerminal({}, { out: false, error: false });
  for (let line = 0; line < ${LINES}; line++) terminal.out(line + " " + "x".repeat(100));
`;

test("a reader that pauses while two megabytes come loses nothing, and ends nothing", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolveEnded) => child.once("close", resolveEnded));
  await sleep(500);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  expect([await ended, complaints]).toEqual([0, ""]);
  const lines = text.trimEnd().split("\n");
  expect([lines.length, lines.at(-1)?.split(" ")[0]]).toEqual([LINES, String(LINES - 1)]);
});
