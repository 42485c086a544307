/** The mock upstream as a process on cores of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pinnedTo } from "../pinning.ts";

export interface RunningMock {
  /** Base of its API. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startMock(core: number): Promise<RunningMock> {
  const [command, ...parameters] = [
    ...pinnedTo([core]),
    process.execPath,
    join(import.meta.dirname, "mock-upstream.mjs"),
  ];
  const child = spawn(command as string, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (line: Buffer) => resolve(line.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the mock upstream ended with ${code}`)));
  });
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
