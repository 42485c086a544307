/** What is alive in the heaps of a platform's processes when their garbage is collected (live-heap.mjs runs in them). */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

export interface LiveHeap {
  /** For the process that the platform is. */
  readonly environment: Readonly<Record<string, string>>;
  /** Bytes of all threads of all processes, with what is outside of their heaps and held by them. */
  collect(): Promise<number>;
}

/** All of them have looked, and collected some tens of megabytes. */
const ANSWERED_WITHIN_MILLIS = 2_000;

export function createLiveHeap(scratch: string): LiveHeap {
  const asked = join(scratch, "live-heap");
  const preload = pathToFileURL(join(import.meta.dirname, "live-heap.mjs")).href;
  let questions = 0;
  let threads = 0;
  return {
    environment: { NODE_OPTIONS: `--import ${preload}`, BENCH_LIVE_HEAP: asked },
    async collect() {
      const question = String(++questions);
      writeFileSync(asked, question);
      await sleep(ANSWERED_WITHIN_MILLIS);
      const lines = existsSync(`${asked}.answers`) ? readFileSync(`${asked}.answers`, "utf8").trim().split("\n") : [];
      const answers = lines
        .map((line) => JSON.parse(line) as { question: string; bytes: number })
        .filter((answer) => answer.question === question);
      if (answers.length < threads || answers.length === 0) {
        throw new Error(`${answers.length} threads told of their heaps, ${threads} before`);
      }
      threads = answers.length;
      return answers.reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };
}
