/**
 * A cache in a thread of its own: the platform's own thread takes every request of every client, and what waits for it would take a
 * burst of them for a slow cache. Logins alone are judged by the platform, which knows roles, sessions and networks.
 */
import { Worker } from "node:worker_threads";
import type { CacheEndpoint, CacheEndpointOptions, Verdict } from "./cache-endpoint.ts";

export interface CacheProcessOptions extends Pick<CacheEndpointOptions, "certificate" | "key" | "onUse"> {
  /** `redis://host:port` of a running server; undefined: one is started where it is installed, else the embedded one serves. */
  readonly serverUrl: string | undefined;
  /** Whether whoever has this password gets here at all. */
  isReachedBy(password: string): boolean;
  /** Undefined: let in. */
  refusalOf(user: string, password: string): string | undefined;
  /** Somebody was not let in. */
  onRefused(reason: string): void;
}

export interface CacheProcess extends CacheEndpoint {
  /** For the platform's own messages. */
  readonly what: string;
  /** What was used until now has been told to `onUse` when it answers. Undefined: the server does not say. */
  bytesUsed(): Promise<number | undefined>;
}

/** What the thread says. */
export type FromThread =
  | { readonly type: "open"; readonly port: number; readonly what: string }
  | { readonly type: "login"; readonly id: number; readonly user: string; readonly password: string }
  | { readonly type: "used"; readonly units: number }
  | { readonly type: "bytes"; readonly bytes: number | undefined };

/** What it is told. */
export type ToThread =
  | { readonly type: "judged"; readonly id: number; readonly verdict: Verdict }
  | { readonly type: "bytes" }
  | { readonly type: "close" };

/** Rejects with what kept it from opening. */
export async function openCacheProcess(options: CacheProcessOptions): Promise<CacheProcess> {
  const { certificate, key, serverUrl, onUse } = options;
  const thread = new Worker(new URL("./cache-thread.ts", import.meta.url), {
    workerData: { certificate, key, serverUrl },
  });
  const ended = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  const tell = (message: ToThread): void => thread.postMessage(message);
  let asking: ((bytes: number | undefined) => void)[] = [];
  const { port, what } = await new Promise<Extract<FromThread, { readonly type: "open" }>>((resolve, reject) => {
    thread.once("error", reject);
    thread.on("message", (message: FromThread) => {
      switch (message.type) {
        case "open":
          return resolve(message);
        case "login":
          return tell({ type: "judged", id: message.id, verdict: verdictOf(options, message) });
        case "used":
          return onUse(message.units);
        case "bytes":
          for (const answer of asking) answer(message.bytes);
          asking = [];
      }
    });
  });
  return {
    port,
    what,
    bytesUsed: () =>
      new Promise((resolve) => {
        asking.push(resolve);
        tell({ type: "bytes" });
      }),
    async close() {
      tell({ type: "close" });
      await ended;
    },
  };
}

function verdictOf(
  { isReachedBy, refusalOf, onRefused }: CacheProcessOptions,
  { user, password }: Extract<FromThread, { readonly type: "login" }>,
): Verdict {
  if (!isReachedBy(password)) return "unreachable";
  const refusal = refusalOf(user, password);
  if (refusal === undefined) return "let-in";
  onRefused(refusal);
  return "refused";
}
