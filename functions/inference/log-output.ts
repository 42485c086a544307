import { writeSync } from "node:fs";

const STDOUT = 1;
/** Put there by a runtime that takes lines along with the answers, in order (local/lambda/runtime/bootstrap.mjs). */
const LOG_LINE = Symbol.for("farthing.log-line");

/**
 * A line to standard output, which Lambda takes as it is. Written at once, past Node's stream: whoever reads the log finds the
 * line even if the process is frozen or killed right after. When the pipe is full and not willing to wait, the rest goes
 * through the stream, in order, behind what it already holds.
 */
export function writeLine(line: string): void {
  const take = (globalThis as { readonly [LOG_LINE]?: (line: string) => void })[LOG_LINE];
  if (take !== undefined) return take(line);
  if (process.stdout.writableLength > 0) {
    process.stdout.write(line);
    return;
  }
  const bytes = Buffer.from(line);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(STDOUT, bytes, written);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    process.stdout.write(bytes.subarray(written));
  }
}
