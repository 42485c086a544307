import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../process-alive.ts";

interface Holder {
  readonly pid: number;
  /** When that process started, where the system tells: after a reboot its number may be somebody else's. */
  readonly started?: string;
  /** It is on its way out: npm, for one, ends before what it has started. */
  readonly stopping?: true;
}

export interface StateLock {
  /** Whoever wants the state next waits for it, instead of being refused. */
  stopping(): void;
  release(): void;
}

const STOP_MILLIS = 10_000;
const LOOK_MILLIS = 50;

/**
 * One platform per state directory: two would write the same tables. A lock whose process is gone is taken over, one whose
 * process is stopping is waited for. Rejects with an Error that names the process which holds it.
 */
export async function lockState(stateDirectory: string): Promise<StateLock> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const path = join(stateDirectory, "lock");
  const own = holderFor(process.pid);
  for (let waitedMillis = 0; ; ) {
    try {
      writeFileSync(path, JSON.stringify(own), { flag: "wx" });
      return {
        stopping: () => writeFileSync(path, JSON.stringify({ ...own, stopping: true })),
        release: () => rmSync(path, { force: true }),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = read(path);
    if (holder?.stopping && isStillThere(holder) && waitedMillis < STOP_MILLIS) {
      await sleep(LOOK_MILLIS);
      waitedMillis += LOOK_MILLIS;
      continue;
    }
    if (holder !== undefined && isStillThere(holder)) {
      throw new Error(
        `another platform (process ${holder.pid}) runs from ${stateDirectory}. Stop it with: kill ${holder.pid}; or keep both apart with another state: --state <dir>`,
      );
    }
    rmSync(path, { force: true });
  }
}

const isStillThere = ({ pid, started }: Holder): boolean =>
  isAlive(pid) && (started === undefined || started === holderFor(pid).started);

function holderFor(pid: number): Holder {
  const started = startOf(pid);
  return started === undefined ? { pid } : { pid, started };
}

/** Linux: boot, and ticks since then (field 22 of proc_pid_stat(5); the second field may hold spaces and brackets). */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined;
  }
}

function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as Holder;
    return Number.isInteger(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}
