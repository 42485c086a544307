/**
 * The API in a thread of the function that answers it: the same gateway, without the way to another process. What the thread's
 * functions do not answer goes on to the platform's own door.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { DoorNews, ThreadInvocations } from "../lambda/thread-door.ts";
import { type LinkedThreads, ThreadInvoker } from "../lambda/thread-invoker.ts";
import { RandomPool } from "../random-pool.ts";
import { closeWhenIdle, type DoorPlace, openDoorServer } from "./door-server.ts";
import { Gateway } from "./gateway.ts";
import { PassOn } from "./pass-on.ts";
import type { RestApi } from "./rest-api.ts";

/** What the API's simulator tells; v8.serialize takes it. */
export interface ThreadGateway {
  readonly api: RestApi;
  readonly stageName: string;
  readonly region: string;
  readonly accountId: string;
  readonly place: DoorPlace;
  /** Of the platform's own door: plain HTTP on the loopback interface. */
  readonly platformPort: number;
}

export interface DoorThread extends LinkedThreads {
  /** Of the stage's throttles. Shared. */
  readonly throttles: BigInt64Array;
  /** At once. */
  tell(news: DoorNews): void;
  /** With others, soon; not lost when the process is. */
  spool(news: DoorNews): void;
}

/** Listens; `tell` says when, and when the last request is answered after `close`. */
export function openThreadDoor(
  assignment: { readonly gateway: ThreadGateway; readonly invocations: ThreadInvocations },
  thread: DoorThread,
): { close(): void } {
  const { api, stageName, region, accountId, place, platformPort } = assignment.gateway;
  const { tell, spool } = thread;
  const stage = api.stages.get(stageName);
  if (stage === undefined) throw new Error(`${api.name} has no stage ${stageName}`);
  const random = new RandomPool(randomBytes);
  const identity = {
    clock: Date.now,
    uuid: randomUUID,
    randomHex: (bytes: number) => random.take(bytes).toString("hex"),
  };
  const monotonicMillis = () => performance.now();
  const functions = new ThreadInvoker(assignment.invocations, thread, identity, monotonicMillis, spool);
  const platform = new PassOn(platformPort);
  const gateway = new Gateway(api, stage, {
    context: { region, accountId, clock: Date.now, emit: (event) => event.type === "warning" && spool(event) },
    functions,
    logs: { append: (logGroup, logStream, line) => spool({ type: "line", logGroup, logStream, line }) },
    monotonicMillis,
    uuid: randomUUID,
    randomBytes,
    throttles: thread.throttles,
    elsewhere: {
      answers: (functionArn) => !functions.answersFor(functionArn),
      answer: (message, reply) => platform.answer(message, reply),
    },
  });
  let closing = false;
  const opened = openDoorServer(place, (message, reply) => {
    if (closing) reply.shouldKeepAlive = false;
    void gateway.handle(message, reply);
  });
  opened.then(
    () => tell({ type: "door-open" }),
    (error: Error) => tell({ type: "door-failed", message: error.message }),
  );
  return {
    close() {
      closing = true;
      void opened.then(closeWhenIdle).then(
        () => tell({ type: "door-closed" }),
        () => undefined,
      );
    },
  };
}
