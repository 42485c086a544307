/** What is asked of every server: which model, which inputs, and how late the slowest percent may be. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PEERS_DIRECTORY } from "./environments.ts";

/** A text, or the 784 grey levels of a picture. */
export type Sample = string | readonly number[];

export interface Workload {
  readonly name: "minilm-fp32" | "minilm-int8" | "tiny-text" | "digits";
  readonly task: "embedding" | "classification" | "tensor";
  readonly modelFile: string;
  /** Of texts. */
  readonly tokenizerFile?: string;
  /** Of the graph: what is read of a run. */
  readonly output: string;
  /** Answers later than this do not count: throughput is the highest whose p99 stays below it. */
  readonly p99BoundMillis: number;
  /** Cosine that an answer must reach when asked alone, and when its batch is shared with others. */
  readonly leastCosine: { readonly alone: number; readonly shared: number };
}

const ROOT = resolve(import.meta.dirname, "../..");
export const SHARED_DATA = process.env["FARTHING_SHARED_DATA"] ?? resolve(ROOT, "../shared/data");
export const MINILM_DIRECTORY = join(SHARED_DATA, "models", "minilm-l6-v2");
export const DIGITS_DIRECTORY = join(ROOT, "models", "digits");
export const SPAM_DIRECTORY = join(ROOT, "models", "sms-spam");
/** prepare.py fills it. */
export const MADE_DIRECTORY = join(PEERS_DIRECTORY, "data");

const MINILM = {
  task: "embedding",
  tokenizerFile: join(MINILM_DIRECTORY, "tokenizer.json"),
  output: "last_hidden_state",
} as const;

export const WORKLOADS: readonly Workload[] = [
  {
    name: "tiny-text",
    task: "classification",
    modelFile: join(SPAM_DIRECTORY, "model.onnx"),
    tokenizerFile: join(SPAM_DIRECTORY, "tokenizer.json"),
    output: "logits",
    p99BoundMillis: 25,
    leastCosine: { alone: 0.999999, shared: 0.999999 },
  },
  {
    name: "digits",
    task: "tensor",
    modelFile: join(DIGITS_DIRECTORY, "model.onnx"),
    output: "probabilities",
    p99BoundMillis: 25,
    leastCosine: { alone: 0.999999, shared: 0.999999 },
  },
  {
    ...MINILM,
    name: "minilm-fp32",
    modelFile: join(MINILM_DIRECTORY, "model.onnx"),
    p99BoundMillis: 250,
    leastCosine: { alone: 0.9999, shared: 0.9999 },
  },
  {
    ...MINILM,
    name: "minilm-int8",
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
  readonly messages: readonly string[];
  readonly images: readonly (readonly number[])[];
  readonly "minilm-fp32": readonly (readonly number[])[];
  readonly "minilm-int8": readonly (readonly number[])[];
  readonly "tiny-text": readonly (readonly number[])[];
  readonly digits: readonly (readonly number[])[];
}

export interface Truth {
  readonly samples: readonly Sample[];
  readonly answers: readonly (readonly number[])[];
}

export const TRUTH_FILE = join(MADE_DIRECTORY, "truth.json");

const made = (): Made => JSON.parse(readFileSync(TRUTH_FILE, "utf8")) as Made;

/** Field of the truth that holds the inputs of a task. */
const SAMPLES = { embedding: "texts", classification: "messages", tensor: "images" } as const;

export function truthOf(workload: Workload): Truth {
  const file = made();
  return { samples: file[SAMPLES[workload.task]], answers: file[workload.name] };
}

/** The inputs of the load, replayed in this order by every client. */
export const loadSamples = (workload: Workload): readonly Sample[] =>
  workload.task === "embedding" ? stsSentences(1000) : truthOf(workload).samples;

/** The ONNX Runtime of the Python peers. */
export const runtimeVersion = (): string => made().onnxruntime;
