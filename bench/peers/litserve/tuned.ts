import type { Setup } from "../configuration.ts";
import type { Cores } from "../contender.ts";
import type { Workload } from "../workload.ts";

/**
 * One core, requests a second (CPU µs a request), best of the grid and what comes next:
 * digits: batches of 16 for 2 ms through the manager process (671 in two searches), through ZeroMQ (695 to 737), no batching (762 to 838).
 * tiny-text: batches of 16 for 2 ms through the manager process 1,785 (583), of 32 for 5 ms through ZeroMQ 1,644 (611), no batching late at 32 clients (733).
 * minilm-fp32: batches of 16 for 2 ms through ZeroMQ 429 (2,354), for 0 ms 416 (2,334), through the manager 419 (2,399), of 32 for 5 ms 408 (2,343).
 * Two cores and INT8 were not searched: they have the choice of one core and FP32, with a worker for each core.
 */
const DIGITS: Setup = {
  workers: 1,
  threads: 1,
  batching: { size: 16, waitMillis: 2 },
  switches: { PEER_FAST_QUEUE: "0", PEER_API_SERVERS: "1" },
};
const TINY_TEXT: Setup = DIGITS;
const MINILM: Setup = { ...DIGITS, switches: { PEER_FAST_QUEUE: "1", PEER_API_SERVERS: "1" } };

export const TUNED: Readonly<Record<Workload["name"], Readonly<Record<Cores, Setup>>>> = {
  "tiny-text": { 1: TINY_TEXT, 2: { ...TINY_TEXT, workers: 2 } },
  digits: { 1: DIGITS, 2: { ...DIGITS, workers: 2 } },
  "minilm-fp32": { 1: MINILM, 2: { ...MINILM, workers: 2 } },
  "minilm-int8": { 1: MINILM, 2: { ...MINILM, workers: 2 } },
};
