/** From the start of a process to the moment at which the router asks for its first request, and the same of an empty program. */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import type { DeployedFunction } from "../deployed-function.ts";
import { interleave, median } from "../measurement.ts";

const BOOTSTRAP = resolve(import.meta.dirname, "../../local/lambda/runtime/bootstrap.mjs");
const ROUNDS = 11;

/** Milliseconds, the medians. */
export async function coldPath(router: DeployedFunction): Promise<{ readonly node: number; readonly router: number }> {
  let asked = (): void => {};
  const runtimeApi = createServer(() => asked());
  await new Promise<void>((listening) => runtimeApi.listen(0, "127.0.0.1", listening));
  const env = {
    ...router.variables,
    NODE_PATH: router.nodePath ?? "",
    LAMBDA_TASK_ROOT: router.codeDirectory,
    _HANDLER: "index.handler",
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(runtimeApi.address() as AddressInfo).port}`,
    PATH: process.env.PATH,
  };
  const samples = await interleave(
    {
      node: () =>
        untilKilled(
          ["-e", "process.stdout.write('up\\n')"],
          {},
          (child) => new Promise((up) => child.stdout?.once("data", up)),
        ),
      router: () =>
        untilKilled(
          [BOOTSTRAP],
          env,
          () =>
            new Promise<void>((up) => {
              asked = up;
            }),
        ),
    },
    { rounds: ROUNDS, warmups: 2 },
  );
  runtimeApi.close();
  runtimeApi.closeAllConnections();
  return { node: median(samples.node?.rounds ?? []), router: median(samples.router?.rounds ?? []) };
}

async function untilKilled(
  parameters: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  ready: (child: ReturnType<typeof spawn>) => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, parameters, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolveEnded) => child.once("exit", resolveEnded));
  const first = await Promise.race([ready(child).then(() => "ready"), ended.then(() => "ended")]);
  const millis = performance.now() - startedAt;
  child.kill("SIGKILL");
  await ended;
  if (first === "ended" && parameters[0] === BOOTSTRAP) throw new Error("the router ended before it was ready");
  return millis;
}
