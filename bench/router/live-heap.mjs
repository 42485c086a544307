/**
 * Loaded before the platform (NODE_OPTIONS), and by it into every Node process that it starts, in each of their threads: whenever
 * the file named in BENCH_LIVE_HEAP changes, a thread collects its garbage and writes down how much is left. Plain JavaScript,
 * because it runs inside of what is measured.
 */
import childProcess from "node:child_process";
import { appendFileSync, readFileSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, threadId } from "node:worker_threads";

const LOOK_EVERY_MILLIS = 100;

// The environments of functions get nothing of the platform's own environment: the name travels as an argument of the module.
const asked = new URL(import.meta.url).searchParams.get("asked") ?? process.env.BENCH_LIVE_HEAP;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
let seen = 0;
setInterval(() => {
  const { mtimeMs } = statSync(asked, { throwIfNoEntry: false }) ?? { mtimeMs: seen };
  if (mtimeMs === seen) return;
  seen = mtimeMs;
  const question = readFileSync(asked, "utf8");
  // What finalizers hold goes with the second one.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(
    `${asked}.answers`,
    `${JSON.stringify({ question, pid: process.pid, threadId, bytes: heapUsed + external })}\n`,
  );
}, LOOK_EVERY_MILLIS).unref();

if (isMainThread) {
  const { spawn } = childProcess;
  const itself = new URL(import.meta.url);
  itself.searchParams.set("asked", asked);
  childProcess.spawn = (command, parameters, ...rest) =>
    command === process.execPath && Array.isArray(parameters)
      ? spawn(command, ["--import", itself.href, ...parameters], ...rest)
      : spawn(command, parameters, ...rest);
  syncBuiltinESMExports();
}
