/** Execution environments of a running platform, seen from outside: to be killed. Linux only, by /proc. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Processes below `platformPid` that run this function. */
export const functionProcesses = (platformPid: number, functionName: string): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, "utf8");
        return variables.includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}\0`) && isBelow(pid, platformPid);
      } catch {
        // It ended meanwhile.
        return false;
      }
    });

function isBelow(pid: number, ancestor: number): boolean {
  for (let parent = pid; parent > 1; ) {
    if (parent === ancestor) return true;
    parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${parent}/status`, "utf8"))?.[1] ?? 0);
  }
  return false;
}

/** Of these processes the one whose connection to `serverPort` comes from `localPort`. */
export function processWithPort(pids: readonly number[], localPort: number, serverPort: number): number | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const rows = ["tcp", "tcp6"].flatMap((table) => readFileSync(`/proc/net/${table}`, "utf8").split("\n").slice(1));
  for (const row of rows) {
    const [, local = "", remote = "", , , , , , , inode] = row.trim().split(/\s+/);
    if (!local.endsWith(`:${hex(localPort)}`) || !remote.endsWith(`:${hex(serverPort)}`)) continue;
    const owner = pids.find((pid) => holdsSocket(pid, inode ?? ""));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

function holdsSocket(pid: number, inode: string): boolean {
  try {
    const files = readdirSync(`/proc/${pid}/fd`);
    return files.some((file) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${file}`) === `socket:[${inode}]`;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
