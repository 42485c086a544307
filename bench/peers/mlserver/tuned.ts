import type { Setup } from "../configuration.ts";
import type { Cores } from "../contender.ts";
import type { Workload } from "../workload.ts";

const START: Setup = { workers: 1, threads: 1, batching: "off", switches: { IN_PROCESS: "1" } };

export const TUNED: Readonly<Record<Workload["name"], Readonly<Record<Cores, Setup>>>> = {
  tiny: { 1: START, 2: START },
  "minilm-fp32": { 1: START, 2: START },
  "minilm-int8": { 1: START, 2: START },
};
