/** A model's folder on disk → a model that answers. The same for a function, for the CLI's inspection and for benchmarks. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelCard } from "../../core/models/card.ts";
import { taskSignature } from "../../core/models/task-signature.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import type { Clock } from "../../core/serving/clock.ts";
import { type SharedKeyValueMemory, unbudgetedKeyValueMemory } from "./generation/key-value-memory.ts";
import { type Graph, openGraph, openGraphWithRows } from "./graph.ts";
import { readableMessage } from "./onnx-message.ts";
import type { SessionSettings } from "./session-options.ts";
import type { ModelFiles, Task } from "./tasks/task.ts";
import { TASKS } from "./tasks/tasks.ts";
import { textInputs } from "./tasks/text-inputs.ts";
import { probeVocabulary } from "./text/probe-vocabulary.ts";
import { createTokenizer, type Tokenizer } from "./text/tokenizer.ts";

export interface LoadedModel extends Task {
  /** What callers send and get. */
  readonly signature: ModelSignature;
  /** What the graph itself takes and gives. */
  readonly graph: ModelSignature;
  /** Rejects when tokenizer and graph do not fit together; nothing to do for models without one. */
  probe(): Promise<void>;
  /** Frees the memory; the model must not be used again. */
  release(): Promise<void>;
}

/**
 * Throws an Error in words for whoever made the model: which file does not load, what does not fit the card. Once it has
 * loaded, the folder is not needed any more: external data is mapped, and a mapping outlives its file's name.
 */
export async function loadModel(
  directory: string,
  card: ModelCard,
  settings: SessionSettings,
  clock: Clock,
  /** How the task runs the graph; by default as it is. */
  arrange: (graph: Graph) => Graph = (opened) => opened,
  /** For generation; by default a process that nobody has given a size. */
  keyValueMemory: SharedKeyValueMemory = unbudgetedKeyValueMemory(),
): Promise<LoadedModel> {
  const graph = arrange(await openFile(directory, card, settings));
  try {
    const files = await readFiles(directory, card);
    const tokenizer = await openTokenizer(directory, card, files);
    const task = TASKS[card.task]({ card, graph, tokenizer, files, clock, keyValueMemory });
    return {
      infer: task.infer,
      signature: taskSignature(card, graph.signature),
      graph: graph.signature,
      probe: async () => {
        if (tokenizer !== undefined && textInputs(card.task, []) !== undefined) await probeVocabulary(graph, tokenizer);
      },
      async release() {
        task.release?.();
        await graph.release();
      },
    };
  } catch (error) {
    await graph.release();
    throw error;
  }
}

async function openFile(directory: string, { artifacts, task }: ModelCard, settings: SessionSettings): Promise<Graph> {
  const path = join(directory, artifacts.model);
  const generates = task === "text-generation" && artifacts.tokenizer !== undefined;
  try {
    return await (generates ? openGraphWithRows(path, decoding(settings)) : openGraph(path, settings));
  } catch (error) {
    throw new Error(`${artifacts.model} does not load: ${readableMessage(error)}`, { cause: error });
  }
}

/**
 * A decoding step is hundreds of small operators, and threads that sleep between them come too late. SmolLM2-135M on 2 cores,
 * ms a step: one thread 7.2, two threads 8.1, two that spin 5.9. Alone a thread has nobody to wait for.
 */
const decoding = (settings: SessionSettings): SessionSettings => ({ ...settings, spinning: settings.threads > 1 });

async function readFiles(directory: string, { artifacts }: ModelCard): Promise<ModelFiles> {
  const [modelConfig, tokenizerConfig, generationConfig] = await Promise.all([
    readJson(directory, artifacts.config),
    readJson(directory, artifacts.tokenizerConfig),
    readJson(directory, artifacts.generationConfig),
  ]);
  return {
    ...(modelConfig && { modelConfig }),
    ...(tokenizerConfig && { tokenizerConfig }),
    ...(generationConfig && { generationConfig }),
  };
}

async function openTokenizer(
  directory: string,
  { artifacts }: ModelCard,
  { tokenizerConfig, modelConfig }: ModelFiles,
): Promise<Tokenizer | undefined> {
  if (artifacts.tokenizer === undefined) return undefined;
  const tokenizer = await readJson(directory, artifacts.tokenizer);
  try {
    return await createTokenizer({
      tokenizer: tokenizer as object,
      ...(tokenizerConfig && { tokenizerConfig }),
      ...(modelConfig && { modelConfig }),
    });
  } catch (error) {
    throw new Error(`${artifacts.tokenizer} is no tokenizer that is known here: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readJson(directory: string, path: string | undefined): Promise<object | undefined> {
  if (path === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, path), "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new Error(`${path} cannot be read as JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`${path} holds no JSON object`);
}
