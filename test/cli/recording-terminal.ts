import { styles, type Terminal } from "../../cli/terminal.ts";

export interface RecordingTerminal extends Terminal {
  /** What went to standard output, and to standard error. */
  readonly results: string[];
  readonly notes: string[];
}

export function recordingTerminal(colours = false): RecordingTerminal {
  const results: string[] = [];
  const notes: string[] = [];
  return {
    results,
    notes,
    style: styles(colours),
    out: (line = "") => void results.push(line),
    note: (line) => void notes.push(line),
  };
}
