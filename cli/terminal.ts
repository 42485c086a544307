/** Everything the CLI says goes through here: tests read it, and colours appear only where a person sees them. */
import { writeSync } from "node:fs";

export interface Terminal {
  /** Results: standard output. */
  out(line?: string): void;
  /** Progress, warnings and errors: standard error, so that results can be piped. */
  note(line: string): void;
  /** One line of standard error that each call replaces, where a person sees it; without text: removed. */
  status(line?: string): void;
  readonly style: Style;
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

const wrap = (enabled: boolean, open: number, close: number) => (text: string) =>
  enabled ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export const styles = (enabled: boolean): Style => ({
  bold: wrap(enabled, 1, 22),
  dim: wrap(enabled, 2, 22),
  green: wrap(enabled, 32, 39),
  yellow: wrap(enabled, 33, 39),
  red: wrap(enabled, 31, 39),
});

/** https://no-color.org */
export function processTerminal(
  environment: Readonly<Record<string, string | undefined>>,
  isTTY: { readonly out: boolean; readonly error: boolean },
): Terminal {
  let hasStatus = false;
  const status = (line?: string) => {
    if (!isTTY.error || (line === undefined && !hasStatus)) return;
    hasStatus = line !== undefined;
    write(2, `\r\u001b[2K${line ?? ""}`);
  };
  return {
    out(line = "") {
      status();
      write(1, `${line}\n`);
    },
    note(line) {
      status();
      write(2, `${line}\n`);
    },
    status,
    style: styles(isTTY.out && environment.NO_COLOR === undefined),
  };
}

const FULL_PIPE_PAUSE_MILLIS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * All of it, however slowly it is read: a pipe that is full takes a part, or nothing for now, and is tried again. A closed pipe
 * (`farthing model list | head -1`) is no error.
 */
function write(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, FULL_PIPE_PAUSE_MILLIS);
    }
  }
}
