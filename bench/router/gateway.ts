/** Something that stands before the mock upstream: Farthing, or a gateway that it is compared with. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, freePort, launch } from "../peers/launch.ts";
import type { Place } from "./client.ts";

export interface Gateway {
  readonly name: string;
  /** Why it cannot be started here; undefined: it can. */
  unavailable(): string | undefined;
  /** Resolves when it answers chats. */
  start(site: Site): Promise<RunningGateway>;
}

export interface Site {
  /** Base of the mock upstream's API. */
  readonly upstream: string;
  /** Cores, as `taskset -c` takes them. */
  readonly cpus: string;
  /** A folder of its own. */
  readonly scratch: string;
  /** Of Farthing's platform, beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningGateway {
  readonly place: Place;
  /** Root of its processes. */
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_WITHIN_MILLIS = 120_000;

/** A server on a free port that is ready when a chat through it succeeds. */
export async function startServer(
  site: Site,
  { name, command, place }: { name: string; command(port: number): Command; place(port: number): Place },
): Promise<RunningGateway> {
  const port = await freePort();
  const folder = join(site.scratch, name);
  mkdirSync(folder, { recursive: true });
  const log = join(folder, "log");
  writeFileSync(log, "");
  const running = launch({ cpus: site.cpus, log }, command(port));
  const there = place(port);
  try {
    await answering(there, log);
    return { ...running, place: there };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function answering({ url, headers, model }: Place, log: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MILLIS;
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Ready?" }], max_tokens: 1 });
  let last = "nothing listens";
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      });
      const text = await response.text();
      if (response.ok) return;
      last = `${response.status} ${text.slice(0, 500)}`;
    } catch (error) {
      last = String((error as Error).cause ?? error);
    }
    await sleep(200);
  }
  throw new Error(`${url} did not answer in time (${last}); its log: ${log}`);
}
