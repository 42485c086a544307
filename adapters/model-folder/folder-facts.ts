/** What a folder without a card tells about its model: which files there are, and what they say. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { FolderFacts, ModelConfig, PoolingConfig } from "../../core/models/draft-card.ts";
import { openGraph } from "../onnx/graph.ts";
import { readableMessage } from "../onnx/onnx-message.ts";
import { frontMatterOf, licenseIn } from "./license.ts";

/** Optimum writes `onnx/model.onnx`; most others put the graph beside the configuration. */
const GRAPHS = ["model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx"];
/** Never weights, even where their names stand in a graph. */
const NO_WEIGHTS = /\.(?:onnx|json|md|txt|py)$/i;

export interface GraphChoice {
  /** Relative to the folder. */
  readonly path: string;
  /** The graph alone: what lies beside it may belong to others. */
  readonly alone: boolean;
}

/** `graph`: the one to use, if not the folder's own. Throws an Error that says which file is missing, ambiguous or does not load. */
export async function folderFacts(folder: string, graph?: GraphChoice): Promise<FolderFacts> {
  const model = graph?.path ?? graphIn(folder);
  const externalData = externalDataOf(folder, model);
  const signature = await signatureOf(folder, model);
  const artifacts = { model, ...(externalData.length > 0 && { externalData }) };
  if (graph?.alone) return { artifacts, graph: signature };

  const has = (path: string) => present(join(folder, path));
  const read = <T>(path: string): T | undefined => (has(path) ? (readJson(join(folder, path)) as T) : undefined);
  const facts = {
    license: licenseIn(folder),
    pipelineTag: frontMatterOf(folder, "pipeline_tag"),
    config: read<ModelConfig>("config.json"),
    tokenizerConfig: read<{ readonly model_max_length?: number }>("tokenizer_config.json"),
    sentenceConfig: read<{ readonly max_seq_length?: number }>("sentence_bert_config.json"),
    preprocessor: read<NonNullable<FolderFacts["preprocessor"]>>("preprocessor_config.json"),
    pooling: read<PoolingConfig>("1_Pooling/config.json"),
    modules: read<readonly { readonly type?: string }[]>("modules.json"),
  };
  return {
    artifacts: {
      ...artifacts,
      ...(has("tokenizer.json") && { tokenizer: "tokenizer.json" }),
      ...(has("config.json") && { config: "config.json" }),
      ...(has("generation_config.json") && { generationConfig: "generation_config.json" }),
      ...(has("tokenizer_config.json") && { tokenizerConfig: "tokenizer_config.json" }),
    },
    graph: signature,
    ...(Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined)) as Partial<FolderFacts>),
  };
}

function graphIn(folder: string): string {
  const known = GRAPHS.find((path) => present(join(folder, path)));
  if (known !== undefined) return known;
  const others = filesIn(folder).filter((name) => name.endsWith(".onnx"));
  if (others.length === 1) return others[0] as string;
  if (others.length === 0) throw new Error(`${folder} has no .onnx file; looked for ${GRAPHS.join(", ")} and *.onnx`);
  throw new Error(
    `${folder} has several .onnx files: ${others.join(", ")}. Name one: ${join(folder, others[0] as string)}`,
  );
}

/** Weights outside the graph: the graph holds their file names as they are, so they need no parser to be found. */
function externalDataOf(folder: string, model: string): string[] {
  const directory = join(folder, dirname(model));
  const graph = readFileSync(join(folder, model));
  return filesIn(directory)
    .filter((name) => name !== basename(model) && !NO_WEIGHTS.test(name) && graph.includes(name))
    .map((name) => join(dirname(model), name));
}

async function signatureOf(folder: string, model: string): Promise<FolderFacts["graph"]> {
  try {
    const graph = await openGraph(join(folder, model), { threads: 1 });
    await graph.release();
    return graph.signature;
  } catch (error) {
    throw new Error(`${join(folder, model)} does not load: ${readableMessage(error)}`, { cause: error });
  }
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .sort();

const present = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
