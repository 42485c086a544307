/** A real Valkey or Redis on this machine, where one is installed: `apt-get install redis-server`, or VALKEY_SERVER=<path>. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";

export interface RealServer {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export function serverProgram(): string | undefined {
  const programs = [process.env.VALKEY_SERVER, "valkey-server", "redis-server"].filter((name) => name !== undefined);
  return programs.find((program) => spawnSync(program, ["--version"]).status === 0);
}

/** `describe`, or `describe.skip` with the reason in the title. */
export function describeWithServer(title: string, suite: (program: string) => void): void {
  const program = serverProgram();
  if (program !== undefined) describe(`${title} (${program})`, () => suite(program));
  else
    describe.skip(`${title}: neither valkey-server nor redis-server is on the PATH`, () => test("skipped", () => {}));
}

export async function startServer(program: string, options: readonly string[] = []): Promise<RealServer> {
  const port = await freePort();
  const child = spawn(program, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
    child.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("Ready to accept connections")) resolve();
    });
  });
  return {
    port,
    process: child,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
