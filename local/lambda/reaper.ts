import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";

/**
 * Kills the execution environments when the platform is gone, however it went. A frozen process (SIGSTOP) cannot notice
 * that its parent died, and Node cannot ask the kernel to tell it, so a small shell waits at the end of a pipe: when the
 * last writer is gone, it kills the process groups that are still on its list. It has a session of its own, so that
 * Ctrl-C does not reach it, and it starts with the platform, so that there is no moment without it.
 */
const SCRIPT = `
trap '' HUP INT TERM
groups=" "
while read -r change group; do
  case "$change" in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
`;

export class Reaper {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;
  readonly #exited: Promise<unknown>;

  constructor() {
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: {},
      cwd: "/",
    });
    this.#exited = once(this.#shell, "exit");
    this.#exited.catch(() => undefined);
    // A reaper that was killed must not take the platform with it.
    this.#shell.stdin.on("error", () => undefined);
    this.#shell.unref();
  }

  /** `group` is the pid of a process that leads its group. */
  watch(group: number): void {
    this.#shell.stdin.write(`+ ${group}\n`);
  }

  /** After the process has ended and been waited for: its number may soon belong to somebody else. */
  forget(group: number): void {
    this.#shell.stdin.write(`- ${group}\n`);
  }

  async stop(): Promise<void> {
    this.#shell.ref();
    this.#shell.stdin.end();
    await this.#exited.catch(() => undefined);
  }
}
