/**
 * The Node.js runtime interface client of the local platform: what `/var/runtime/index.mjs` is in `nodejs24.x`. It takes
 * invocations from the Runtime API, calls the handler and posts what it answers.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 *
 * AWS's own client (aws-lambda-ric 4) needs a C++ toolchain to install; this one has no dependencies and follows its
 * observable behaviour: module lookup, console format, context, streaming, error documents. Plain JavaScript, because it
 * runs outside the repository.
 */
import { readFileSync, writeSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";
import { patchConsole } from "./console.mjs";
import { errorDocument } from "./errors.mjs";
import { loadHandler } from "./handler.mjs";
import { createInvokeStore } from "./invoke-store.mjs";
import { createResponseStream, HttpResponseStream } from "./response-stream.mjs";
import { RuntimeApiClient } from "./runtime-api-client.mjs";
import { superviseWorkers } from "./workers.mjs";

const environment = process.env;
/** On managed instances. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html */
const manyRequests = environment.AWS_LAMBDA_MAX_CONCURRENCY !== undefined;

// What is written is out before the next line of code runs, also when the environment is frozen or exits right after it.
for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);

if (manyRequests && isMainThread) await superviseWorkers(new URL(import.meta.url));

const invokeStore = createInvokeStore(manyRequests);

globalThis.awslambda = {
  ...globalThis.awslambda,
  InvokeStore: invokeStore,
  HttpResponseStream,
  streamifyResponse(handler, options) {
    handler[Symbol.for("aws.lambda.runtime.handler.streaming")] = "response";
    if (typeof options?.highWaterMark === "number") {
      handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = Math.trunc(options.highWaterMark);
    }
    return handler;
  },
};
// A thread's own stdout goes through the main thread, some time later.
let writeFromThread = (line) => void writeSync(1, line);
const logError = patchConsole(invokeStore, {
  format: environment.AWS_LAMBDA_LOG_FORMAT,
  level: environment.AWS_LAMBDA_LOG_LEVEL,
  write: manyRequests ? (line) => writeFromThread(line) : (line) => process.stdout.write(line),
});
const api = new RuntimeApiClient(environment.AWS_LAMBDA_RUNTIME_API, manyRequests);

let loaded;
try {
  loaded = await loadHandler(environment.LAMBDA_TASK_ROOT, environment._HANDLER);
} catch (error) {
  logError("Init Error", error);
  await api.initError(errorDocument(error));
  throw error;
}

const run = loaded.streaming ? runStreaming : runBuffered;

/** Where a handler finds the AbortSignal of a caller that went away; on Lambda nobody puts one there. */
const CALLER_SIGNAL = Symbol.for("farthing.caller-signal");
/** Where a handler that writes a line for each request finds a cheaper way out than a write to stdout. */
const LOG_LINE = Symbol.for("farthing.log-line");
/** What a handler wants done before its thread ends; it may answer a promise. */
const STOPPING = Symbol.for("farthing.stopping");
let closeDoor = () => {};

function onInvocation(head, body, answer) {
  const context = contextOf(head);
  Object.defineProperty(context, CALLER_SIGNAL, { get: () => answer.signal });
  void invokeStore.runInvocation(context, () =>
    loaded.streaming ? streamOn(answer, body, context) : respondOn(answer, body, context),
  );
}

// Loaded where it is used: one request at a time starts without it.
const channel = manyRequests
  ? await (await import("./invocation-channel.mjs")).openInvocationChannel(
      environment.AWS_LAMBDA_RUNTIME_API,
      onInvocation,
      doorKeeper(),
    )
  : undefined;
if (channel !== undefined) {
  globalThis[LOG_LINE] = (line) => channel.log(line);
  // In one order with what the handler logs there, and out at once: what comes next may be a crash.
  writeFromThread = (line) => channel.logNow(line);
  await channel.closed;
  closeDoor();
  await globalThis[STOPPING]?.();
  process.exit(0);
}

while (manyRequests) {
  const { headers, body } = await api.next();
  // Asks on at once; what waits for I/O meanwhile is served side by side.
  setImmediate(() => {
    const context = contextOf(headers);
    void invokeStore.runInvocation(context, () => run(JSON.parse(body), context));
  });
}

while (true) {
  const { headers, body } = await api.next();
  const context = contextOf(headers);
  if (context.xRayTraceId === undefined) delete environment._X_AMZN_TRACE_ID;
  else environment._X_AMZN_TRACE_ID = context.xRayTraceId;
  const event = JSON.parse(body);
  await invokeStore.runInvocation(context, () => run(event, context));
}

/** Opens and closes this thread's own door of the API, as the platform says. */
function doorKeeper() {
  return async (payload, platform) => {
    if (payload.length === 0) return closeDoor();
    const [{ deserialize }, { InvocationChannel }, { connectedSockets, portSocket }, { LogSpool }] = await Promise.all([
      import("node:v8"),
      import("./invocation-channel.mjs"),
      import("./thread-socket.mjs"),
      import("./log-spool.mjs"),
    ]);
    const { module, ...assignment } = deserialize(readFileSync(payload.toString("utf8")));
    const spool = new LogSpool(assignment.spool, `thread-${workerData.index}`, (path) =>
      platform.tell({ type: "spooled", path }),
    );
    // From here on an answer may be out before the channel's next write.
    globalThis[LOG_LINE] = (line) => spool.log(line);
    writeFromThread = (line) => {
      spool.log(line);
      spool.flush();
    };
    const serve = (socket) => new InvocationChannel(socket, Buffer.alloc(0), onInvocation);
    const [near, far] = connectedSockets(() => spool.flush());
    serve(far);
    for (const port of workerData.from) serve(portSocket(port, () => spool.flush()));
    const { openThreadDoor } = await import(module);
    const door = openThreadDoor(assignment, {
      index: workerData.index,
      loads: workerData.loads,
      throttles: workerData.throttles,
      sockets: workerData.towards.map((port, index) => (index === workerData.index ? near : port && portSocket(port))),
      tell: (news) => platform.tell(news),
      spool: (news) => spool.news(news),
    });
    closeDoor = () => {
      door.close();
      spool.flush();
    };
  };
}

async function runBuffered(event, context) {
  const id = context.awsRequestId;
  let answer;
  try {
    const result = await loaded.handler(event, context);
    answer = serialize(result);
  } catch (error) {
    logError("Invoke Error", error);
    await api.error(id, errorDocument(error));
    return;
  }
  await api.response(id, answer);
}

async function runStreaming(event, context) {
  const { request, answered } = api.openResponse(context.awsRequestId, loaded.highWaterMark);
  const { stream, fail } = createResponseStream(request);
  try {
    const running = loaded.handler(event, stream, context);
    if (typeof running?.then !== "function") throw new Error("Streaming does not support non-async handlers.");
    // biome-ignore lint/suspicious/noConsole: a line of the function's own log
    if ((await running) !== undefined) console.warn("Streaming handlers ignore return values.");
    await answered;
    if (!stream.writableFinished) throw new Error("Response stream is not finished.");
  } catch (error) {
    logError("Invoke Error", error);
    await fail(errorDocument(error));
    await answered;
  }
}

async function respondOn(answer, body, context) {
  try {
    answer.respond(serialize(await loaded.handler(JSON.parse(body), context)));
  } catch (error) {
    logError("Invoke Error", error);
    answer.fail(errorDocument(error));
  }
}

async function streamOn(answer, body, context) {
  try {
    const running = loaded.handler(JSON.parse(body), answer, context);
    if (typeof running?.then !== "function") throw new Error("Streaming does not support non-async handlers.");
    // biome-ignore lint/suspicious/noConsole: a line of the function's own log
    if ((await running) !== undefined) console.warn("Streaming handlers ignore return values.");
    if (!answer.writableFinished) throw new Error("Response stream is not finished.");
  } catch (error) {
    logError("Invoke Error", error);
    answer.fail(errorDocument(error));
  }
}

function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch {
    const error = new Error("Unable to stringify response body");
    error.name = "Runtime.JSONStringifyError";
    throw error;
  }
}

function contextOf(headers) {
  const deadline = Number.parseInt(headers["lambda-runtime-deadline-ms"], 10);
  const json = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    clientContext: json("lambda-runtime-client-context"),
    identity: json("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    xRayTraceId: headers["lambda-runtime-trace-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
  };
}
