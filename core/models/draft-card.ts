/** A card for a model that came without one, from what its files tell: the layout of Hugging Face exports, or a bare graph. */
import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { ModelCard } from "./card.ts";
import { draftImage, type PreprocessorConfig } from "./draft-image.ts";
import { entailmentIndex } from "./entailment.ts";

export interface DraftedCard {
  readonly card: ModelCard;
  /** What the files do not say and was guessed, as sentences for a person: `license: …`. */
  readonly open: readonly string[];
}

export interface DraftOptions {
  readonly name: string;
  readonly group: string;
  /** Instead of what the files suggest. */
  readonly task?: ModelCard["task"];
  readonly attribution?: readonly string[];
}

/** What was found in a model's folder. Paths are relative to it. */
export interface FolderFacts {
  readonly artifacts: ModelCard["artifacts"];
  /** Of the graph itself. */
  readonly graph: ModelSignature;
  /** SPDX identifier. */
  readonly license?: string;
  /** What the README's front matter says the model does: https://huggingface.co/tasks */
  readonly pipelineTag?: string;
  /** config.json */
  readonly config?: ModelConfig;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: { readonly model_max_length?: number };
  /** preprocessor_config.json */
  readonly preprocessor?: PreprocessorConfig;
  /** sentence_bert_config.json */
  readonly sentenceConfig?: { readonly max_seq_length?: number };
  /** 1_Pooling/config.json */
  readonly pooling?: PoolingConfig;
  /** modules.json */
  readonly modules?: readonly { readonly type?: string }[];
}

export interface ModelConfig {
  readonly architectures?: readonly string[];
  readonly hidden_size?: number;
  readonly max_position_embeddings?: number;
  readonly id2label?: Readonly<Record<string, string>>;
  readonly problem_type?: string;
}

export interface PoolingConfig {
  readonly word_embedding_dimension?: number;
  readonly pooling_mode_cls_token?: boolean;
  readonly pooling_mode_mean_tokens?: boolean;
}

/** Used when no file says how long a text may be: the length that most encoders were trained with. */
const DEFAULT_MAX_TOKENS = 512;
/** Tokenizers without a limit say 1e30. */
const NO_LIMIT_FROM = 1_000_000;
const UNKNOWN_LICENSE = "LicenseRef-unknown";

/** Throws an Error in words when the files ask for what no task here does. */
export function draftCard(facts: FolderFacts, { name, group, task: chosen, attribution }: DraftOptions): DraftedCard {
  const open: string[] = [];
  const task = chosen ?? taskOf(facts, open);
  const text = textOf(task, facts, open);
  const image = imageOf(task, facts, open);
  open.push("description: says only the name; say in a sentence what the model does");
  if (facts.license === undefined) open.push(`license: set to ${UNKNOWN_LICENSE}, since no file names it`);
  open.push("price: set to 0 USD per request; say what a request costs your customers");
  open.push("quality: left out; say what the model reaches on data that training did not see");
  const card: ModelCard = {
    schema: "farthing.card/1",
    name,
    description: `The model ${name}.`,
    task,
    license: facts.license ?? UNKNOWN_LICENSE,
    ...(attribution && { attribution: [...attribution] }),
    artifacts: facts.artifacts,
    placement: { kind: "function", group },
    ...(text && { text }),
    ...(image && { image }),
    price: { usdPerRequest: 0 },
  };
  return { card, open };
}

function taskOf(facts: FolderFacts, open: string[]): ModelCard["task"] {
  const { artifacts, config, graph, pooling, sentenceConfig, pipelineTag } = facts;
  if (config?.architectures?.[0]?.endsWith("ForImageClassification")) return "image-classification";
  if (isVoiceActivity(graph)) {
    open.push(
      "task: set to voice-activity, since the graph is laid out as silero-vad; --task tensor keeps its own inputs",
    );
    return "voice-activity";
  }
  if (artifacts.tokenizer === undefined) return "tensor";
  if (pooling !== undefined || sentenceConfig !== undefined) return "embedding";
  const architecture = config?.architectures?.[0];
  if (architecture?.endsWith("ForTokenClassification")) return "token-classification";
  if (architecture?.endsWith("ForSequenceClassification")) return sequenceTask(facts, open);
  if (architecture?.endsWith("ForCausalLM") || architecture?.endsWith("LMHeadModel")) return "text-generation";
  if (EMBEDDING_TAGS.has(pipelineTag ?? "") && givesVectors(facts)) {
    open.push(`task: set to embedding, since the README says ${pipelineTag}; --task chooses another`);
    return "embedding";
  }
  const found = architecture === undefined ? "no architecture in config.json" : `the architecture ${architecture}`;
  open.push(
    `task: set to tensor (callers send token ids), since there is ${found} and no 1_Pooling/config.json; --task chooses another`,
  );
  return "tensor";
}

const EMBEDDING_TAGS: ReadonlySet<string> = new Set(["sentence-similarity", "feature-extraction"]);
const givesVectors = ({ graph }: FolderFacts): boolean =>
  graph.outputs.some(({ name }) => name === "last_hidden_state" || name === "sentence_embedding");

/** As silero-vad: sound, what it remembers, and the sample rate. */
const isVoiceActivity = ({ inputs, outputs }: ModelSignature): boolean =>
  ["input", "state", "sr"].every((name) => inputs.some((input) => input.name === name)) &&
  inputs.length === 3 &&
  outputs.length === 2;

/** One class is a relevance; classes that say entailment are of natural language inference. Both leave room for doubt. */
function sequenceTask({ config, pipelineTag }: FolderFacts, open: string[]): ModelCard["task"] {
  const labels = Object.values(config?.id2label ?? {});
  if (labels.length === 1 || pipelineTag === "text-ranking") return "rerank";
  if (entailmentIndex(labels) !== -1) {
    open.push(
      "task: set to zero-shot-classification, since a label is entailment; --task text-classification keeps the labels",
    );
    return "zero-shot-classification";
  }
  return "text-classification";
}

function textOf(task: ModelCard["task"], facts: FolderFacts, open: string[]): ModelCard["text"] {
  switch (task) {
    case "tensor":
    case "image-classification":
    case "voice-activity":
      return undefined;
    case "text-generation":
    case "rerank":
      return { maxTokens: maxTokensOf(facts, open) };
    case "zero-shot-classification":
      return { maxTokens: maxTokensOf(facts, open), labels: labelsOf(facts, 2, open) };
    case "token-classification":
      return { maxTokens: maxTokensOf(facts, open), labels: labelsOf(facts, 3, open) };
    case "text-classification":
      return {
        maxTokens: maxTokensOf(facts, open),
        labels: labelsOf(facts, 2, open),
        multiLabel: facts.config?.problem_type === "multi_label_classification",
      };
    case "embedding": {
      const { pooling, dimensions } = vectorsOf(facts, open);
      const normalize = facts.modules?.some(({ type }) => type?.endsWith("Normalize")) ?? true;
      return { maxTokens: maxTokensOf(facts, open), pooling, normalize, ...(dimensions && { dimensions }) };
    }
  }
}

function imageOf(task: ModelCard["task"], facts: FolderFacts, open: string[]): ModelCard["image"] {
  if (task !== "image-classification") return undefined;
  return draftImage(facts.preprocessor, labelsOf(facts, 2, open, "image"), facts.graph, open);
}

function maxTokensOf({ sentenceConfig, tokenizerConfig, config }: FolderFacts, open: string[]): number {
  const ofTokenizer = tokenizerConfig?.model_max_length ?? NO_LIMIT_FROM;
  const known =
    sentenceConfig?.max_seq_length ?? (ofTokenizer < NO_LIMIT_FROM ? ofTokenizer : config?.max_position_embeddings);
  if (known !== undefined) return known;
  open.push(`text.maxTokens: set to ${DEFAULT_MAX_TOKENS}, since no file says how long a text may be`);
  return DEFAULT_MAX_TOKENS;
}

/** `rank`: of the output that holds the logits. */
function labelsOf({ config, graph }: FolderFacts, rank: 2 | 3, open: string[], section = "text"): string[] {
  const labels = Object.entries(config?.id2label ?? {})
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, label]) => label);
  if (labels.length > 1) return labels;
  const count = graph.outputs.find(({ shape }) => shape.length === rank)?.shape.at(-1) ?? -1;
  if (count < 2)
    throw new Error(
      `neither id2label in config.json nor the graph says which classes there are: write a model.json with ${section}.labels`,
    );
  const numbered = Array.from({ length: count }, (_, index) => `LABEL_${index}`);
  open.push(`${section}.labels: set to ${numbered.join(", ")}, since config.json has no id2label`);
  return numbered;
}

/** A graph that ends in one vector per text has pooled already; one that ends in a vector per token has not. */
function vectorsOf(
  { graph, pooling, config }: FolderFacts,
  open: string[],
): { readonly pooling: "none" | "mean" | "cls"; readonly dimensions: number | undefined } {
  const perToken = graph.outputs.find(({ shape }) => shape.length === 3);
  const perText = graph.outputs.find(({ shape }) => shape.length === 2);
  const pooled = graph.outputs.some(({ name }) => name === "sentence_embedding") || perToken === undefined;
  const inGraph = (pooled ? perText : perToken)?.shape.at(-1) ?? -1;
  const dimensions = inGraph > 0 ? inGraph : (pooling?.word_embedding_dimension ?? config?.hidden_size);
  if (pooled) return { pooling: "none", dimensions };
  if (pooling === undefined) {
    open.push("text.pooling: set to mean, since there is no 1_Pooling/config.json");
    return { pooling: "mean", dimensions };
  }
  const modes = Object.entries(pooling).flatMap(([key, value]) =>
    key.startsWith("pooling_mode_") && value === true ? [key.slice("pooling_mode_".length)] : [],
  );
  if (modes.length === 1 && modes[0] === "cls_token") return { pooling: "cls", dimensions };
  if (modes.length === 1 && modes[0] === "mean_tokens") return { pooling: "mean", dimensions };
  throw new Error(
    `1_Pooling/config.json asks for ${modes.join(" and ") || "no pooling"}; known here: mean_tokens, cls_token`,
  );
}
