import type { Setup } from "../configuration.ts";
import type { Cores } from "../contender.ts";
import type { Workload } from "../workload.ts";

/**
 * One core, requests a second (CPU µs a request), best of the grid and what comes next:
 * digits: in process, no batching 2,789 (356); batches of 8 for 1 ms in another process cost 548 to 602 on a busy machine, this one 424 to 556.
 * tiny-text: in process, batches of 32 for 5 ms 3,402 (294), of 8 for 1 ms 3,345 (296), no batching 3,158 (318); in another process 1,155 (866).
 * minilm-fp32: in process, batches of 8 for 1 ms 483 (2,091); 5 ms 469 (2,155); of 32 for 5 ms 459 (2,188); in another process 459 (2,199);
 * no batching 259 (3,906).
 * Two cores and INT8 were not searched: they have the choice of one core and FP32, with a worker for each core.
 */
const DIGITS: Setup = { workers: 1, threads: 1, batching: "off", switches: { IN_PROCESS: "1" } };
const TINY_TEXT: Setup = { ...DIGITS, batching: { size: 32, waitMillis: 5 } };
const MINILM: Setup = { workers: 1, threads: 1, batching: { size: 8, waitMillis: 1 }, switches: { IN_PROCESS: "1" } };

export const TUNED: Readonly<Record<Workload["name"], Readonly<Record<Cores, Setup>>>> = {
  "tiny-text": { 1: TINY_TEXT, 2: { ...TINY_TEXT, workers: 2, switches: { IN_PROCESS: "0" } } },
  digits: { 1: DIGITS, 2: { ...DIGITS, workers: 2, switches: { IN_PROCESS: "0" } } },
  "minilm-fp32": { 1: MINILM, 2: { ...MINILM, workers: 2, switches: { IN_PROCESS: "0" } } },
  "minilm-int8": { 1: MINILM, 2: { ...MINILM, workers: 2, switches: { IN_PROCESS: "0" } } },
};
