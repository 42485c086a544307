/** The thread of cache-process.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { openCacheEndpoint, type Verdict } from "./cache-endpoint.ts";
import type { CacheProcessOptions, FromThread, ToThread } from "./cache-process.ts";
import { openDataPlane } from "./data-plane.ts";

const { certificate, key, serverUrl } = workerData as Pick<CacheProcessOptions, "certificate" | "key" | "serverUrl">;
const platform = parentPort;
if (platform === null) throw new Error("cache-thread.ts runs as a thread of cache-process.ts");

const judgements = new Map<number, (verdict: Verdict) => void>();
let logins = 0;
let units = 0;
const say = (message: FromThread): void => platform.postMessage(message);

const data = await openDataPlane(serverUrl, Date.now);
const endpoint = await openCacheEndpoint({
  certificate,
  key,
  data,
  judge: (user, password) =>
    new Promise((resolve) => {
      judgements.set(++logins, resolve);
      say({ type: "login", id: logins, user, password });
    }),
  onUse: (more) => {
    units += more;
  },
});

async function answer(message: ToThread): Promise<void> {
  switch (message.type) {
    case "judged":
      judgements.get(message.id)?.(message.verdict);
      judgements.delete(message.id);
      return;
    case "bytes": {
      say({ type: "used", units });
      units = 0;
      return say({ type: "bytes", bytes: await data.bytesUsed() });
    }
    case "close":
      await endpoint.close();
      await data.stop();
      platform?.close();
  }
}

platform.on("message", (message: ToThread) => void answer(message));
say({ type: "open", port: endpoint.port, what: data.what });
