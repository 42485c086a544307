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

export interface LoadOptions {
  /** Resolves when a file of the folder is whole. Default: all of them are. */
  arrived?(path: string): Promise<void>;
  /** How a graph is opened that does not generate. Default: openGraph. */
  open?(path: string, settings: SessionSettings): Promise<Graph>;
  /** How the task runs the graph; by default as it is. */
  arrange?(graph: Graph): Graph;
  /** For generation; by default a process that nobody has given a size. */
  readonly keyValueMemory?: SharedKeyValueMemory;
}

/**
 * Throws an Error in words for whoever made the model: which file does not load, what does not fit the card. Once it has
 * loaded, the folder is not needed any more, unless `open` says otherwise: external data is mapped, and a mapping outlives its
 * file's name.
 */
export async function loadModel(
  directory: string,
  card: ModelCard,
  settings: SessionSettings,
  clock: Clock,
  options: LoadOptions = {},
): Promise<LoadedModel> {
  const { arrange = (opened) => opened, keyValueMemory = unbudgetedKeyValueMemory() } = options;
  // The small files come first, and what is made of them is done while the weights are still on their way.
  const texts = readTexts(directory, card, options);
  // Awaited in its turn.
  texts.catch(() => {});
  const opened = await openFile(directory, card, settings, options).catch(async (error: unknown) => {
    // Whoever hears of the failure may remove the files: nobody reads them any more by then.
    await Promise.allSettled([texts]);
    throw error;
  });
  const graph = arrange(opened);
  try {
    const { files, tokenizer } = await texts;
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

async function openFile(
  directory: string,
  { artifacts, task }: ModelCard,
  settings: SessionSettings,
  { arrived, open = openGraph }: LoadOptions,
): Promise<Graph> {
  await Promise.all([artifacts.model, ...(artifacts.externalData ?? [])].map((path) => arrived?.(path)));
  const path = join(directory, artifacts.model);
  const generates = task === "text-generation" && artifacts.tokenizer !== undefined;
  try {
    return await (generates ? openDecoder(path, decoding(settings)) : open(path, settings));
  } catch (error) {
    throw new Error(`${artifacts.model} does not load: ${readableMessage(error)}`, { cause: error });
  }
}

async function openDecoder(path: string, settings: SessionSettings): Promise<Graph> {
  const graph = await openGraphWithRows(path, settings);
  const { packing } = settings;
  if (packing?.type !== "packed" || packing.sample === undefined) return graph;
  const { answersAs } = await import("./packing/sample.ts");
  if (await answersAs(graph, packing.sample)) return graph;
  await graph.release();
  throw new Error("its packed weights answer otherwise than they did when they were made");
}

/**
 * A decoding step is hundreds of small operators, and threads that sleep between them come too late. SmolLM2-135M on 2 cores,
 * ms a step: one thread 7.2, two threads 8.1, two that spin 5.9. Alone a thread has nobody to wait for.
 */
const decoding = (settings: SessionSettings): SessionSettings => ({ ...settings, spinning: settings.threads > 1 });

async function readTexts(directory: string, card: ModelCard, { arrived }: LoadOptions) {
  const { tokenizer, tokenizerConfig, config, generationConfig } = card.artifacts;
  const paths = [tokenizer, tokenizerConfig, config, generationConfig].filter((path) => path !== undefined);
  await Promise.all(paths.map((path) => arrived?.(path)));
  const files = await readFiles(directory, card);
  return { files, tokenizer: await openTokenizer(directory, card, files) };
}

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
