/** Takes a model into the project: its files and a card, checked as a function will find them, in a folder of its own. */
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ModelCard, parseModelCard } from "../../core/models/card.ts";
import { type DraftedCard, type DraftOptions, draftCard } from "../../core/models/draft-card.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import { inspectModel } from "../onnx/inspect-model.ts";
import { servingFiles } from "../onnx/serving-files.ts";
import { folderFacts, type GraphChoice } from "./folder-facts.ts";
import { CARD_FILE, readCard } from "./read-model-folder.ts";

export interface AddOptions {
  /** A folder, or one .onnx file. */
  readonly source: string;
  /** Folder of the project's models. */
  readonly models: string;
  /** Default: the card's, else the folder's or the file's name. */
  readonly name?: string;
  /** Default: the card's, else `DEFAULT_GROUP`. */
  readonly group?: string;
  /** Default: the card's, else what the files suggest. */
  readonly task?: ModelCard["task"];
  /** The .onnx file to use, as its path in the folder; default: the usual one. */
  readonly file?: string;
  /** Where it came from and whom to thank, for a card that is drafted. */
  readonly attribution?: readonly string[];
  /** Replace a model that is there. */
  readonly force: boolean;
}

export interface AddedModel {
  readonly folder: string;
  readonly card: ModelCard;
  readonly signature: ModelSignature;
  /** What the card's author should look at; empty when the model came with a card. */
  readonly open: readonly string[];
}

export const DEFAULT_GROUP = "small";
/** Beside what the card names: whom to thank and what is allowed. */
const PAPERS = /^(?:licen[sc]e|notice|readme|attribution)(?:\..*)?$/i;

/** Throws an Error in words when the model does not load or does not fit its card; what was there before stays then. */
export async function addModel(options: AddOptions): Promise<AddedModel> {
  const source = resolve(options.source);
  const { folder, graph } = await sourceOf(source, options.file);
  const { card, open } = await cardFor(folder, graph, options);
  parseModelCard(JSON.parse(JSON.stringify(card)), join(folder, CARD_FILE));
  const target = resolve(options.models, card.name);
  if (target === folder) return { ...(await checked(folder, card)), open };

  if (!options.force && (await stat(target).catch(() => undefined)) !== undefined) {
    throw new Error(`${target} is there already. --force replaces it, --name chooses another name`);
  }
  const unfinished = `${target}.${process.pid}`;
  try {
    await copyFiles(folder, unfinished, [...filesOf(card), ...(graph?.alone ? [] : await papersOf(folder))]);
    const { signature } = await checked(unfinished, card);
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
    return { folder: target, card, signature, open };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function sourceOf(
  source: string,
  file: string | undefined,
): Promise<{ readonly folder: string; readonly graph?: GraphChoice }> {
  const found = await stat(source).catch(() => undefined);
  if (found?.isDirectory()) {
    return { folder: source, ...(file !== undefined && { graph: { path: file, alone: false } }) };
  }
  if (file !== undefined) throw new Error(`--file names a file in a folder, and ${source} is none`);
  if (found?.isFile() && source.endsWith(".onnx")) {
    return { folder: dirname(source), graph: { path: basename(source), alone: true } };
  }
  throw new Error(`${source} is ${found ? "neither a folder nor an .onnx file" : "not there"}`);
}

async function cardFor(folder: string, graph: GraphChoice | undefined, options: AddOptions): Promise<DraftedCard> {
  const hasCard = graph === undefined && (await readdir(folder)).includes(CARD_FILE);
  if (hasCard) {
    const card = await readCard(folder);
    return {
      open: [],
      card: {
        ...card,
        ...(options.name && { name: options.name }),
        ...(options.task && { task: options.task }),
        ...(options.group && { placement: { kind: "function", group: options.group } }),
      },
    };
  }
  const name = options.name ?? basename(graph?.alone ? graph.path : folder, ".onnx").toLowerCase();
  const draft: DraftOptions = {
    name,
    group: options.group ?? DEFAULT_GROUP,
    ...(options.task && { task: options.task }),
    ...(options.attribution && { attribution: options.attribution }),
  };
  return draftCard(await folderFacts(folder, graph), draft);
}

/** Inspects the folder, then writes the card into it. */
async function checked(folder: string, card: ModelCard): Promise<Omit<AddedModel, "open">> {
  const signature = await inspectModel(folder, card);
  await writeFile(join(folder, CARD_FILE), `${JSON.stringify(card, undefined, 2)}\n`);
  return { folder, card, signature };
}

const filesOf = (card: ModelCard): readonly string[] =>
  [...servingFiles(card), card.evaluation].filter((path) => path !== undefined);

const papersOf = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && PAPERS.test(entry.name))
    .map(({ name }) => name);

async function copyFiles(from: string, to: string, paths: readonly string[]): Promise<void> {
  for (const path of new Set(paths)) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, path), join(to, path)).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? new Error(`the card names ${path}, which is not in ${from}`) : error;
    });
  }
}
