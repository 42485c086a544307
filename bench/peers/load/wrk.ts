/**
 * Closed-loop load by wrk (https://github.com/wg/wrk, Debian package `wrk`): N connections, each sends its next request when
 * the last one is answered. wrk 4.1 sets TCP_NODELAY and corrects its percentiles for coordinated omission.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Call } from "../call.ts";

export interface LoadResult {
  readonly concurrency: number;
  /** Good answers a second. */
  readonly requestsPerSecond: number;
  readonly p50Millis: number;
  readonly p99Millis: number;
  /** Answers that were not 2xx or 3xx, connections that broke, requests without an answer for 10 s. */
  readonly errors: number;
}

interface WrkLine {
  readonly requests: number;
  readonly durationMicros: number;
  readonly notOk: number;
  readonly socketErrors: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export function writeRequests(file: string, url: string, calls: readonly Call[]): void {
  const host = new URL(url).host;
  const encoded = calls.map(({ path, headers, body }) => {
    const bytes = Buffer.from(body);
    const head = Object.entries({ host, ...headers, "content-length": String(bytes.length) });
    const request = Buffer.concat([
      Buffer.from(`POST ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`),
      bytes,
    ]);
    return Buffer.concat([Buffer.from(`${request.length}\n`), request]);
  });
  writeFileSync(file, Buffer.concat(encoded));
}

export async function runWrk(load: {
  readonly url: string;
  readonly requestsFile: string;
  readonly concurrency: number;
  readonly seconds: number;
  /** What `taskset -c` gets. */
  readonly cpus: string;
}): Promise<LoadResult> {
  const script = join(import.meta.dirname, "replay.lua");
  const wrk = ["wrk", "-t1", `-c${load.concurrency}`, `-d${load.seconds}s`, "--timeout", "10s", "-s", script, load.url];
  const { stdout } = await promisify(execFile)("taskset", ["-c", load.cpus, ...wrk, "--", load.requestsFile]);
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  const seen = JSON.parse(line) as WrkLine;
  return {
    concurrency: load.concurrency,
    requestsPerSecond: ((seen.requests - seen.notOk) / seen.durationMicros) * 1e6,
    p50Millis: seen.p50Micros / 1000,
    p99Millis: seen.p99Micros / 1000,
    errors: seen.notOk + seen.socketErrors,
  };
}
