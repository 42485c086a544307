/** How much of the machine something else used meanwhile: a percentile measured beside somebody's build says nothing. */
import { readFileSync } from "node:fs";
import { TICKS_PER_SECOND } from "./process-tree.ts";

/** Seconds that all cores together were busy since boot (proc_stat(5): user nice system idle iowait irq softirq steal). */
function busySeconds(): number {
  const fields = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** CPU seconds of this process and of its children that have ended: the load generator, once it is done. */
function ownSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [utime, stime, childUtime, childStime] = [14, 15, 16, 17].map((number) => Number(fields[number - 3]));
  return ((utime ?? 0) + (stime ?? 0) + (childUtime ?? 0) + (childStime ?? 0)) / TICKS_PER_SECOND;
}

/** Call at the start; the answer, called at the end, is in cores (0.1: a tenth of one), the server's own time given. */
export function watchOtherWork(): (serverSeconds: number) => number {
  const [busyBefore, ownBefore, startedAt] = [busySeconds(), ownSeconds(), performance.now()];
  return (serverSeconds) => {
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const others = busySeconds() - busyBefore - (ownSeconds() - ownBefore) - serverSeconds;
    return Math.max(0, others) / elapsedSeconds;
  };
}
