/**
 * Numbers a process's usage lines, 1, 2, 3, …, for each tenant. With the process's name that makes every line one of a kind,
 * and the lines that were counted already a handful of ranges instead of a list of request ids (usage-page.ts).
 */
import type { UsageLine } from "./usage-line.ts";

export interface UsageSequenceOptions {
  /** A name that no other process has or had: 72 random bits. */
  newName(): string;
  /** Tenants that one name numbers for; with one more, the process takes a new name and begins again. Default 4,096. */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 4_096;

/** The line with its process and number. Called exactly once for each line that is written. */
export function createUsageSequence({
  newName,
  capacity = DEFAULT_CAPACITY,
}: UsageSequenceOptions): (line: UsageLine) => UsageLine {
  const last = new Map<string, number>();
  let process = newName();
  return (line) => {
    // Work that is done once for all brings a number of its own.
    if (line.process !== undefined) return line;
    if (last.size >= capacity && !last.has(line.tenant)) {
      last.clear();
      process = newName();
    }
    const sequence = (last.get(line.tenant) ?? 0) + 1;
    last.set(line.tenant, sequence);
    return { ...line, process, sequence };
  };
}
