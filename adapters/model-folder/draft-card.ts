/** Writes a card for a folder that has none, from what its files tell: the layout of Hugging Face exports, or a bare graph. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelCard } from "../../core/models/card.ts";

export interface DraftedCard {
  readonly card: ModelCard;
  /** What the files do not say, as sentences for a person. */
  readonly open: readonly string[];
}

export interface DraftOptions {
  readonly name: string;
  readonly group: string;
  /** Instead of what the files suggest. */
  readonly task?: ModelCard["task"];
}

interface ModelConfig {
  readonly architectures?: readonly string[];
  readonly hidden_size?: number;
  readonly max_position_embeddings?: number;
  readonly id2label?: Readonly<Record<string, string>>;
  readonly problem_type?: string;
}

interface PoolingConfig {
  readonly word_embedding_dimension?: number;
  readonly pooling_mode_cls_token?: boolean;
  readonly pooling_mode_mean_tokens?: boolean;
}

/** Optimum writes `onnx/model.onnx`; most others put the graph beside the configuration. */
const GRAPHS = ["model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx"];
/** Used when no file says how long a text may be: the length most encoders were trained with. */
const DEFAULT_MAX_TOKENS = 512;

/** Throws an Error that says which files were looked for. */
export function draftCard(directory: string, { name, group, task: chosen }: DraftOptions): DraftedCard {
  const open: string[] = [];
  const model = graphIn(directory);
  const config = json<ModelConfig>(directory, "config.json");
  const task = chosen ?? taskOf(directory, config);
  const text = textOf(directory, task, config, open);
  const present = (path: string) => (existsSync(join(directory, path)) ? path : undefined);
  const externalData = [`${model}.data`, `${model}_data`].filter((path) => present(path) !== undefined);
  const tokenizer = present("tokenizer.json");
  const tokenizerConfig = present("tokenizer_config.json");
  const generationConfig = present("generation_config.json");
  open.push("license: set to LicenseRef-unknown, since no file names it");
  open.push("price: set to 0 USD per request; say what a request costs your customers");
  open.push("quality: left out; say what the model reaches on data that training did not see");
  return {
    open,
    card: {
      schema: "farthing.card/1",
      name,
      description: `${name}: describe in a sentence what this model does.`,
      task,
      license: "LicenseRef-unknown",
      artifacts: {
        model,
        ...(externalData.length > 0 && { externalData }),
        ...(tokenizer && { tokenizer }),
        ...(config && { config: "config.json" }),
        ...(generationConfig && { generationConfig }),
        ...(tokenizerConfig && { tokenizerConfig }),
      },
      placement: { kind: "function", group },
      ...(text && { text }),
      price: { usdPerRequest: 0 },
    },
  };
}

function graphIn(directory: string): string {
  const known = GRAPHS.find((path) => existsSync(join(directory, path)));
  if (known !== undefined) return known;
  const others = readdirSync(directory).filter((file) => file.endsWith(".onnx"));
  if (others.length === 1) return others[0] as string;
  const found = others.length === 0 ? "no .onnx file" : `several .onnx files (${others.join(", ")})`;
  throw new Error(
    `${directory} has ${found}; looked for ${GRAPHS.join(", ")}. Write a model.json that names the graph.`,
  );
}

function taskOf(directory: string, config: ModelConfig | undefined): ModelCard["task"] {
  if (!existsSync(join(directory, "tokenizer.json"))) return "tensor";
  if (existsSync(join(directory, "1_Pooling/config.json"))) return "embedding";
  const architecture = config?.architectures?.[0] ?? "";
  if (architecture.endsWith("ForSequenceClassification")) return "text-classification";
  if (architecture.endsWith("ForCausalLM")) return "text-generation";
  return "tensor";
}

function textOf(
  directory: string,
  task: ModelCard["task"],
  config: ModelConfig | undefined,
  open: string[],
): ModelCard["text"] {
  if (task === "tensor") return undefined;
  const sentence = json<{ readonly max_seq_length?: number }>(directory, "sentence_bert_config.json");
  const maxTokens = sentence?.max_seq_length ?? config?.max_position_embeddings;
  if (maxTokens === undefined)
    open.push(`text.maxTokens: set to ${DEFAULT_MAX_TOKENS}, since no file says how long a text may be`);
  const length = { maxTokens: maxTokens ?? DEFAULT_MAX_TOKENS };
  switch (task) {
    case "text-generation":
      return length;
    case "text-classification": {
      const labels = Object.entries(config?.id2label ?? {})
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, label]) => label);
      if (labels.length < 2)
        throw new Error(`${join(directory, "config.json")} has no id2label: write a model.json with text.labels.`);
      return { ...length, labels, multiLabel: config?.problem_type === "multi_label_classification" };
    }
    case "embedding": {
      const pooling = json<PoolingConfig>(directory, "1_Pooling/config.json");
      const modules = json<readonly { readonly type?: string }[]>(directory, "modules.json") ?? [];
      const dimensions = pooling?.word_embedding_dimension ?? config?.hidden_size;
      if (pooling === undefined) open.push("text.pooling: set to mean, since there is no 1_Pooling/config.json");
      return {
        ...length,
        pooling: pooling?.pooling_mode_cls_token ? "cls" : "mean",
        normalize: modules.length === 0 || modules.some(({ type }) => type?.endsWith("Normalize")),
        ...(dimensions && { dimensions }),
      };
    }
  }
}

function json<T>(directory: string, path: string): T | undefined {
  const file = join(directory, path);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
}
