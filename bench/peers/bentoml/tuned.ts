import type { Setup } from "../configuration.ts";
import type { Cores } from "../contender.ts";
import type { Workload } from "../workload.ts";

/**
 * One core, requests a second (CPU µs a request), best of the grid and what comes next:
 * digits: batches of 8 in a thread 1,405 (705); no batching on the event loop 1,413 on an idle machine, (726 to 877).
 * tiny-text: batches of 8, two workers on the event loop 1,635 (609), one in a thread 1,584 (631); no batching 1,522 (660).
 * minilm-fp32: batches of 8 in a thread 146 (2,849) beside other work, of 32 139 (2,762); on the event loop late at 16 clients (2,772 to 3,472).
 * Two cores and INT8 were not searched: they have the choice of one core and FP32, with a worker for each core.
 */
const DIGITS: Setup = {
  workers: 1,
  threads: 1,
  batching: { size: 8, waitMillis: 0 },
  switches: { PEER_ON_EVENT_LOOP: "0" },
};
const TINY_TEXT: Setup = { ...DIGITS, workers: 2, switches: { PEER_ON_EVENT_LOOP: "1" } };
const MINILM: Setup = {
  workers: 1,
  threads: 1,
  batching: { size: 8, waitMillis: 0 },
  switches: { PEER_ON_EVENT_LOOP: "0" },
};

export const TUNED: Readonly<Record<Workload["name"], Readonly<Record<Cores, Setup>>>> = {
  "tiny-text": { 1: TINY_TEXT, 2: { ...TINY_TEXT, workers: 2 } },
  digits: { 1: DIGITS, 2: { ...DIGITS, workers: 2 } },
  "minilm-fp32": { 1: MINILM, 2: { ...MINILM, workers: 2 } },
  "minilm-int8": { 1: MINILM, 2: { ...MINILM, workers: 2 } },
};
