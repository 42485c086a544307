/** What is asked of every server: which model, which inputs, and how late the slowest percent may be. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PEERS_DIRECTORY } from "./environments.ts";

/** A text, or the 784 grey levels of a picture. */
export type Sample = string | readonly number[];

export interface Workload {
  readonly name: "minilm-fp32" | "minilm-int8" | "tiny";
  readonly task: "embedding" | "tensor";
  readonly modelFile: string;
  /** Answers later than this do not count: throughput is the highest whose p99 stays below it. */
  readonly p99BoundMillis: number;
  /** Cosine that an answer must reach when asked alone, and when its batch is shared with others. */
  readonly leastCosine: { readonly alone: number; readonly shared: number };
}

const ROOT = resolve(import.meta.dirname, "../..");
export const SHARED_DATA = process.env["FARTHING_SHARED_DATA"] ?? resolve(ROOT, "../shared/data");
export const MINILM_DIRECTORY = join(SHARED_DATA, "models", "minilm-l6-v2");
export const DIGITS_DIRECTORY = join(ROOT, "models", "digits");
/** prepare.py fills it. */
export const MADE_DIRECTORY = join(PEERS_DIRECTORY, "data");

export const WORKLOADS: readonly Workload[] = [
  {
    name: "tiny",
    task: "tensor",
    modelFile: join(DIGITS_DIRECTORY, "model.onnx"),
    p99BoundMillis: 25,
    leastCosine: { alone: 0.999999, shared: 0.999999 },
  },
  {
    name: "minilm-fp32",
    task: "embedding",
    modelFile: join(MINILM_DIRECTORY, "model.onnx"),
    p99BoundMillis: 250,
    leastCosine: { alone: 0.9999, shared: 0.9999 },
  },
  {
    name: "minilm-int8",
    task: "embedding",
    modelFile: join(MADE_DIRECTORY, "minilm-int8.onnx"),
    p99BoundMillis: 250,
    // Dynamic quantisation takes one scale for a whole batch: who shares it moves the answer a little.
    leastCosine: { alone: 0.9999, shared: 0.97 },
  },
];

/** Sentences of STS-B (column 6 and 7 of its files), in the order of the file, each once. */
function stsSentences(limit: number): readonly string[] {
  const lines = readFileSync(join(SHARED_DATA, "eval", "stsbenchmark", "sts-dev.csv"), "utf8").split("\n");
  return [...new Set(lines.flatMap((line) => line.split("\t").slice(5, 7)))].filter(Boolean).slice(0, limit);
}

interface Made {
  readonly onnxruntime: string;
  readonly texts: readonly string[];
  readonly images: readonly (readonly number[])[];
  readonly "minilm-fp32": readonly (readonly number[])[];
  readonly "minilm-int8": readonly (readonly number[])[];
  readonly tiny: readonly (readonly number[])[];
}

export interface Truth {
  readonly samples: readonly Sample[];
  readonly answers: readonly (readonly number[])[];
}

const made = (): Made => JSON.parse(readFileSync(join(MADE_DIRECTORY, "truth.json"), "utf8")) as Made;

export function truthOf(workload: Workload): Truth {
  const file = made();
  return { samples: workload.task === "embedding" ? file.texts : file.images, answers: file[workload.name] };
}

/** The inputs of the load, replayed in this order by every client. */
export const loadSamples = (workload: Workload): readonly Sample[] =>
  workload.task === "embedding" ? stsSentences(1000) : made().images;

/** The ONNX Runtime of the Python peers. */
export const runtimeVersion = (): string => made().onnxruntime;
