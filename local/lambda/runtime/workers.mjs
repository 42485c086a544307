import { availableParallelism } from "node:os";
import { MessageChannel, Worker } from "node:worker_threads";

/** What the managed runtime takes where AWS_LAMBDA_NODEJS_WORKER_COUNT says nothing. */
const WORKERS_PER_PROCESSOR = 8;
/** Each of them has a port to each other one: beyond this they keep to themselves. */
const MAX_LINKED_THREADS = 32;
const MAX_THROTTLES = 1024;
const GONE = 2 ** 30;
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
  const threads = linked(count);
  await Promise.all(
    threads.map((workerData) => {
      const transferList = [...workerData.towards, ...workerData.from].filter((port) => port !== null);
      return ended(new Worker(script, { env: process.env, execArgv, workerData, transferList }), workerData);
    }),
  );
  process.exit(1);
}

/**
 * What each thread has of the others, for the doors that they may be told to open (../../api-gateway/thread-door.ts): how many
 * requests each of them works at, the throttles of the API, and a port to (`towards`, by index) and from every other one.
 */
function linked(count) {
  const loads = new Int32Array(new SharedArrayBuffer(4 * count));
  const throttles = new BigInt64Array(new SharedArrayBuffer(8 * MAX_THROTTLES));
  const threads = Array.from({ length: count }, (_, index) => ({
    index,
    loads,
    throttles,
    towards: Array.from({ length: count }, () => null),
    from: [],
  }));
  if (count > MAX_LINKED_THREADS) return threads;
  for (const one of threads) {
    for (const other of threads) {
      if (one === other) continue;
      const { port1, port2 } = new MessageChannel();
      one.towards[other.index] = port1;
      other.from.push(port2);
    }
  }
  return threads;
}

function ended(worker, { index, loads }) {
  const { promise, resolve } = Promise.withResolvers();
  worker.on("error", (error) => process.stderr.write(`${error?.stack ?? error}\n`));
  worker.on("exit", () => {
    // Nobody hands anything to it any more.
    Atomics.store(loads, index, GONE);
    resolve();
  });
  return promise;
}
