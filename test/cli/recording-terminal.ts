import { styles, type Terminal } from "../../cli/terminal.ts";

export interface RecordingTerminal extends Terminal {
  /** What went to standard output, and to standard error. */
  readonly results: string[];
  readonly notes: string[];
  /** Every state of the status line; "" where it was removed. */
  readonly statuses: string[];
}

export function recordingTerminal(colours = false): RecordingTerminal {
  const results: string[] = [];
  const notes: string[] = [];
  const statuses: string[] = [];
  return {
    results,
    notes,
    statuses,
    status: (line = "") => void statuses.push(line),
    style: styles(colours),
    out: (line = "") => void results.push(line),
    note: (line) => void notes.push(line),
  };
}
