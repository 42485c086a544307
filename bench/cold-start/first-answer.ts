/** One cold start of the deployed function: a fresh process, as Lambda starts it, up to its first answer. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DeployedFunction } from "../deployed-function.ts";
import type { LocalPlatform } from "../local-platform.ts";
import type { MeasuredModel } from "../measured-models.ts";
import { startRuntimeApi } from "./runtime-api.ts";

const BOOTSTRAP = resolve(import.meta.dirname, "../../local/lambda/runtime/bootstrap.mjs");

export interface FirstAnswer {
  readonly millis: number;
  /** Most memory that the process held until then; undefined where there is no /proc. */
  readonly peakBytes: number | undefined;
}

/** Rejects when the function answers anything but 200. */
export async function firstAnswer(
  model: MeasuredModel,
  platform: LocalPlatform,
  target: DeployedFunction,
): Promise<FirstAnswer> {
  const [request] = Object.values(model.requests);
  if (request === undefined) throw new Error(`${model.name} has no request`);
  const runtimeApi = await startRuntimeApi();
  // An environment's disk goes with it: what one start leaves there must not be written back during the next.
  const temporary = mkdtempSync(join(platform.stateDirectory, "environment-"));
  const startedAt = performance.now();
  const answer = runtimeApi.answerTo({
    httpMethod: "POST",
    path: request.path,
    headers: { authorization: `Bearer ${platform.apiKey}`, ...request.headers },
    queryStringParameters: null,
    body: request.bodyBase64,
    isBase64Encoded: true,
  });
  const child = spawn(process.execPath, [BOOTSTRAP], {
    env: {
      ...target.variables,
      FARTHING_PRELOAD: model.name,
      NODE_PATH: target.nodePath,
      LAMBDA_TASK_ROOT: target.codeDirectory,
      _HANDLER: "index.handler",
      AWS_LAMBDA_RUNTIME_API: runtimeApi.address,
      TMPDIR: temporary,
      PATH: process.env.PATH,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolveEnded) => child.once("exit", resolveEnded));
  const bytes = await Promise.race([answer, ended.then(() => Buffer.from("the process ended before it answered"))]);
  const millis = performance.now() - startedAt;
  const peakBytes = child.pid === undefined ? undefined : peakMemory(child.pid);
  child.kill("SIGKILL");
  await ended;
  runtimeApi.close();
  rmSync(temporary, { recursive: true, force: true });
  const text = bytes.toString("latin1");
  if (!/^\{"statusCode":200/.test(text)) throw new Error(`${model.name}: ${text.slice(0, 500)}`);
  return { millis, peakBytes };
}

/** proc_pid_status(5): VmHWM, in kB. */
function peakMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
