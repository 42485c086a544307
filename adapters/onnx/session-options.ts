import type { InferenceSession } from "./runtime.ts";

export interface SessionSettings {
  /** Threads of one operator, from 1 on: as many as the process has processors of its own. */
  readonly threads: number;
  /** Whether threads wait for their next share of a run by spinning. Default false. */
  readonly spinning?: boolean;
  /** Default: a graph as it was published, packed while it is opened. */
  readonly packing?: Packing;
}

/** Weights in the layout that this very processor computes with (packing/). */
export type Packing =
  /** They stay as they are: a session is there sooner, and its runs take longer (pack-later.ts). */
  | { readonly type: "none" }
  /** The graph was stored so: nothing is left to optimise. `sample`: a file of what it must answer (packing/sample.ts). */
  | { readonly type: "packed"; readonly sample?: string }
  /** Store it so, beside loading it: `graph` is the path of the file, `weights` the name of one in the same folder. */
  | { readonly type: "store"; readonly graph: string; readonly weights: string };

/** A function has one vCPU per 1,769 MB. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MEGABYTES_PER_VCPU = 1_769;

/** A fraction of a processor is no processor: two threads on 1.7 vCPUs wait for each other while one is throttled. */
export const threadsFor = (memoryMegabytes: number): number =>
  Math.max(1, Math.floor(memoryMegabytes / MEGABYTES_PER_VCPU));

/**
 * Level `all` also for graphs that were optimised at publish: on those it costs nothing, and it adds what suits this very
 * processor. Spinning threads would burn the time that a function is billed for, where it gains nothing; where it is allowed
 * it ends with the run. Severity 4 (fatal): whatever a run
 * complains of is in the error that it throws, and a caller's bad input must not fill our log.
 */
export const sessionOptions = ({
  threads,
  spinning = false,
  packing,
}: SessionSettings): InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  executionMode: "sequential",
  graphOptimizationLevel: packing?.type === "packed" ? "disabled" : "all",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
  ...(packing?.type === "store" && { optimizedModelFilePath: packing.graph }),
  extra: {
    session: {
      intra_op: { allow_spinning: spinning ? "1" : "0" },
      force_spinning_stop: "1",
      ...(packing?.type === "none" && { disable_prepacking: "1" }),
      ...(packing?.type === "store" && storedWeights(packing.weights)),
    },
  },
});

/** Smaller tensors stay in the graph: a page of memory each would be lost on them. */
const EXTERNAL_FROM_BYTES = 1_024;

/** https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h */
const storedWeights = (file: string) => ({
  optimized_model_external_initializers_file_name: file,
  optimized_model_external_initializers_min_size_in_bytes: String(EXTERNAL_FROM_BYTES),
  save_external_prepacked_constant_initializers: "1",
});
