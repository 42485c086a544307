import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What the managed runtime takes where AWS_LAMBDA_NODEJS_WORKER_COUNT says nothing. */
const WORKERS_PER_PROCESSOR = 8;
/** A thread's heap is limited by its own options; these are of the process. */
const OF_THE_PROCESS = ["--expose-gc", "--max-semi-space-size", "--max-old-space-size"];

/**
 * The main thread of an environment that holds many requests: it starts the threads, each of which loads the handler for
 * itself and asks the Runtime API on its own, and ends with the last of them.
 */
export async function superviseWorkers(script) {
  const wanted = Number.parseInt(process.env.AWS_LAMBDA_NODEJS_WORKER_COUNT, 10);
  const count = wanted > 0 ? wanted : WORKERS_PER_PROCESSOR * availableParallelism();
  const execArgv = process.execArgv.filter((argument) => !OF_THE_PROCESS.some((name) => argument.startsWith(name)));
  await Promise.all(Array.from({ length: count }, () => ended(new Worker(script, { env: process.env, execArgv }))));
  process.exit(1);
}

function ended(worker) {
  const { promise, resolve } = Promise.withResolvers();
  worker.on("error", (error) => process.stderr.write(`${error?.stack ?? error}\n`));
  worker.on("exit", resolve);
  return promise;
}
