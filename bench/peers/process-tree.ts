/** A process and everything it started, read from /proc: servers of this comparison are two to eleven processes each. */
import { readdirSync, readFileSync } from "node:fs";

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot: with the pid it names a process even after the number was given to another. */
  readonly startedAt: string;
  readonly cpuSeconds: number;
}

/** USER_HZ, which Linux fixes at 100 towards user space on the architectures of this benchmark (x86_64, arm64). */
export const TICKS_PER_SECOND = 100;

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may hold spaces: count from its end, where field 3 is (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (number: number) => fields[number - 3] ?? "";
    const cpuSeconds = (Number(field(14)) + Number(field(15))) / TICKS_PER_SECOND;
    return { pid, parent: Number(field(4)), startedAt: field(22), cpuSeconds };
  } catch {
    return undefined; // gone meanwhile
  }
}

export function processTree(root: number): readonly ProcessEntry[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readEntry(Number(name)) ?? []);
  const tree = all.filter((entry) => entry.pid === root);
  for (const entry of tree) tree.push(...all.filter((other) => other.parent === entry.pid)); // grows while it is walked
  return tree;
}

/** CPU time that the processes now alive have used. */
export const cpuSecondsOf = (root: number): number =>
  processTree(root).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);

export interface Memory {
  /** Sum of resident sets: pages that processes share count once for each. */
  readonly residentBytes: number;
  /** Sum of proportional sets: shared pages count once. */
  readonly proportionalBytes: number;
}

export function memoryOf(root: number): Memory {
  let [residentBytes, proportionalBytes] = [0, 0];
  for (const { pid } of processTree(root)) {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0);
      residentBytes += kibibytes("Rss") * 1024;
      proportionalBytes += kibibytes("Pss") * 1024;
    } catch {
      // gone meanwhile
    }
  }
  return { residentBytes, proportionalBytes };
}

const alive = ({ pid, startedAt }: ProcessEntry): boolean => readEntry(pid)?.startedAt === startedAt;

/** Asks the root to end; what is left of its tree after `graceMillis` is killed, by number. */
export async function endTree(root: number, graceMillis: number): Promise<void> {
  const tree = processTree(root);
  const send = (entry: ProcessEntry, signal: NodeJS.Signals) => {
    try {
      if (alive(entry)) process.kill(entry.pid, signal);
    } catch {
      // ended between look and signal
    }
  };
  if (tree[0]) send(tree[0], "SIGTERM");
  const deadline = performance.now() + graceMillis;
  while (tree.some(alive) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const entry of tree) send(entry, "SIGKILL");
  while (tree.some(alive)) await new Promise((resolve) => setTimeout(resolve, 20));
}
