import type { Setup } from "../configuration.ts";
import type { Cores } from "../contender.ts";
import type { Workload } from "../workload.ts";

/**
 * One core, requests a second (CPU µs a request), best of the grid and what comes next:
 * digits: HAProxy, batches of 32 for 5 ms 2,643 (382); two workers, of 16 for 2 ms 2,527 (404); no batching (434 to 594); Python proxy (2,931 and more).
 * tiny-text: HAProxy, batches of 32 for 5 ms 1,044 at 8 clients (274), two workers (384), no batching (428); all others late; Python proxy (3,052 and more).
 * minilm-fp32: HAProxy, batches of 16 for 2 ms 438 (2,307); of 32 for 5 ms 415 (2,409); no batching 256 (3,991).
 * Two cores and INT8 were not searched: they have the choice of one core and FP32, with a worker for each core.
 */
const DIGITS: Setup = {
  workers: 1,
  threads: 1,
  batching: { size: 32, waitMillis: 5 },
  switches: { RAY_SERVE_THROUGHPUT_OPTIMIZED: "1", RAY_SERVE_ENABLE_HA_PROXY: "1" },
};
const TINY_TEXT: Setup = DIGITS;
const MINILM: Setup = { ...DIGITS, batching: { size: 16, waitMillis: 2 } };

export const TUNED: Readonly<Record<Workload["name"], Readonly<Record<Cores, Setup>>>> = {
  "tiny-text": { 1: TINY_TEXT, 2: { ...TINY_TEXT, workers: 2 } },
  digits: { 1: DIGITS, 2: { ...DIGITS, workers: 2 } },
  "minilm-fp32": { 1: MINILM, 2: { ...MINILM, workers: 2 } },
  "minilm-int8": { 1: MINILM, 2: { ...MINILM, workers: 2 } },
};
