/** A model's folder on disk → a model that answers. The same for a function, for the CLI's inspection and for benchmarks. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelCard } from "../../core/models/card.ts";
import { taskSignature } from "../../core/models/task-signature.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import type { Clock } from "../../core/serving/clock.ts";
import { type Graph, openGraph } from "./graph.ts";
import { readableMessage } from "./onnx-message.ts";
import type { SessionSettings } from "./session-options.ts";
import type { Task } from "./tasks/task.ts";
import { TASKS } from "./tasks/tasks.ts";
import { createTokenizer, type Tokenizer } from "./text/tokenizer.ts";

export interface LoadedModel extends Task {
  /** What callers send and get. */
  readonly signature: ModelSignature;
  /** What the graph itself takes and gives. */
  readonly graph: ModelSignature;
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
): Promise<LoadedModel> {
  const graph = await openFile(directory, card.artifacts.model, settings);
  try {
    const tokenizer = await openTokenizer(directory, card);
    const task = TASKS[card.task]({ card, graph, tokenizer, clock });
    return {
      infer: task.infer,
      signature: taskSignature(card, graph.signature),
      graph: graph.signature,
      release: () => graph.release(),
    };
  } catch (error) {
    await graph.release();
    throw error;
  }
}

async function openFile(directory: string, path: string, settings: SessionSettings): Promise<Graph> {
  try {
    return await openGraph(join(directory, path), settings);
  } catch (error) {
    throw new Error(`${path} does not load: ${readableMessage(error)}`, { cause: error });
  }
}

async function openTokenizer(directory: string, { artifacts }: ModelCard): Promise<Tokenizer | undefined> {
  if (artifacts.tokenizer === undefined) return undefined;
  const [tokenizer, tokenizerConfig, modelConfig] = await Promise.all([
    readJson(directory, artifacts.tokenizer),
    readJson(directory, artifacts.tokenizerConfig),
    readJson(directory, artifacts.config),
  ]);
  try {
    return await createTokenizer({
      tokenizer: tokenizer as object,
      ...(tokenizerConfig && { tokenizerConfig }),
      ...(modelConfig && { modelConfig }),
    });
  } catch (error) {
    throw new Error(`${artifacts.tokenizer} is no tokenizer that is known here: ${(error as Error).message}`, { cause: error });
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
