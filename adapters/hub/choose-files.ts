/** Which files of a model on the Hub are needed: the graph, what tells how to use it, and its licence. Not the rest. */
import type { HubFile, HubSnapshot } from "./hub-snapshot.ts";

/** As the exporters of Hugging Face write them; the first that is there. */
const GRAPHS = ["onnx/model.onnx", "model.onnx"];

const NEEDED = new Set([
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "1_Pooling/config.json",
  "modules.json",
  "sentence_bert_config.json",
  "preprocessor_config.json",
  "generation_config.json",
  "chat_template.jinja",
]);
const PAPERS = /^(?:licen[sc]e|notice|readme)(?:\.(?:md|txt))?$/i;
/** Paths become paths on this machine. */
const SAFE_PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_][A-Za-z0-9._/ -]*$/;

export interface ChosenFiles {
  readonly graph: HubFile;
  /** Beside the graph: may hold its weights, if it names them. */
  readonly mayBeWeights: readonly HubFile[];
  readonly others: readonly HubFile[];
  /** The other graphs, by path: quantised, for other devices. */
  readonly candidates: readonly HubFile[];
}

/** `graph`: path of the one that was asked for. Throws an Error that lists what there is. */
export function chooseFiles({ id, files }: HubSnapshot, graph?: string): ChosenFiles {
  const safe = files.filter(({ path }) => SAFE_PATH.test(path));
  const graphs = safe.filter(({ path }) => path.endsWith(".onnx"));
  if (graphs.length === 0) {
    throw new Error(
      `${id} has no ONNX file. Look for a copy that has one (onnx-community/…), or export it: ` +
        `optimum-cli export onnx --model ${id} <folder>, then farthing model add <folder>`,
    );
  }
  const wanted = graph === undefined ? GRAPHS : [graph];
  const found = wanted.flatMap((path) => graphs.filter((file) => file.path === path))[0];
  const chosen = found ?? (graph === undefined && graphs.length === 1 ? graphs[0] : undefined);
  if (chosen === undefined) {
    const what = graph === undefined ? "has several ONNX files and none of the usual name" : `has no ${graph}`;
    throw new Error(`${id} ${what}; choose one with --file:\n${graphs.map(lineOf).join("\n")}`);
  }
  const folder = chosen.path.slice(0, chosen.path.lastIndexOf("/") + 1);
  const isBeside = ({ path }: HubFile) => path.startsWith(folder) && !path.slice(folder.length).includes("/");
  return {
    graph: chosen,
    mayBeWeights: safe.filter((file) => isBeside(file) && !/\.(?:onnx|json|md|txt|py|safetensors)$/i.test(file.path)),
    others: safe.filter(({ path }) => NEEDED.has(path) || PAPERS.test(path)),
    candidates: graphs.filter((file) => file !== chosen),
  };
}

const lineOf = ({ path, bytes }: HubFile): string => `  ${path} (${(bytes / 1e6).toFixed(1)} MB)`;
