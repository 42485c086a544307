/**
 * Models of the tasks for which no trained one can be had without a network: all-MiniLM-L6-v2 as it is, with a linear head that is
 * learned here from real texts, written as Hugging Face exports are laid out. How good they are does not matter to the tests; that
 * they are as large, as tokenised and as laid out as the models that people bring does.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Encoded, type Reference, reference } from "./encoder.ts";
import { withHead } from "./headed-model.ts";
import { messages, pairs, spread } from "./real-texts.ts";
import { ridge } from "./ridge.ts";

export const ENTAILMENT_LABELS = ["contradiction", "neutral", "entailment"] as const;
export const NAME_LABELS = ["O", "B-NAME", "I-NAME", "B-NUMBER", "I-NUMBER"] as const;
export const MESSAGE_LABELS = ["spam", "question", "digits"] as const;

/** Folders. */
export interface LearnedModels {
  readonly ranker: string;
  readonly entailment: string;
  readonly names: string;
  readonly messages: string;
}

const PAIRS = 300;
const SENTENCES = 150;
const MESSAGES = 300;
const PENALTY = 10;
/** Targets of 1 and −1 become logits whose softmax and sigmoid are neither flat nor saturated. */
const CONTRAST = 3;

export async function learnedModels(encoder: string, evaluation: string, into: string): Promise<LearnedModels> {
  const bytes = readFileSync(join(encoder, "model.onnx"));
  const body = await reference(join(encoder, "model.onnx"), encoder);
  const write = (name: string, config: object, head: Parameters<typeof withHead>[1], of: "row" | "token"): string => {
    const folder = join(into, name);
    mkdirSync(join(folder, "onnx"), { recursive: true });
    for (const file of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(encoder, file), join(folder, file));
    const architecture = of === "row" ? "BertForSequenceClassification" : "BertForTokenClassification";
    const common = { model_type: "bert", architectures: [architecture], max_position_embeddings: 512 };
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...common, ...config }));
    writeFileSync(join(folder, "onnx/model.onnx"), withHead(bytes, head, of));
    return folder;
  };
  try {
    const couples = spread(pairs(evaluation, "dev"), PAIRS);
    const ofCouples = await firstVectors(
      body,
      couples.map(({ first, second }) => [first, second]),
    );
    const likeness = couples.map((pair) => [CONTRAST * (pair.likeness / 2.5 - 1)]);
    const bands = couples.map((pair) => oneOf(ENTAILMENT_LABELS.length, band(pair.likeness)));

    const texts = spread(messages(evaluation), MESSAGES);
    const ofTexts = await firstVectors(
      body,
      texts.map(({ text }) => [text]),
    );
    const marks = texts.map(({ text, isSpam }) => [isSpam, text.includes("?"), /\d/.test(text)].map(yesOrNo));

    const { vectors, classes } = await tokens(
      body,
      spread(pairs(evaluation, "dev"), SENTENCES).map(({ first }) => first),
    );

    return {
      ranker: write("ranker", { id2label: byPosition(["LABEL_0"]) }, ridge(ofCouples, likeness, PENALTY), "row"),
      entailment: write(
        "entailment",
        { id2label: byPosition(ENTAILMENT_LABELS) },
        ridge(ofCouples, bands, PENALTY),
        "row",
      ),
      names: write("names", { id2label: byPosition(NAME_LABELS) }, ridge(vectors, classes, PENALTY), "token"),
      messages: write(
        "messages",
        { id2label: byPosition(MESSAGE_LABELS), problem_type: "multi_label_classification" },
        ridge(ofTexts, marks, PENALTY),
        "row",
      ),
    };
  } finally {
    await body.release();
  }
}

/** Sentences that people find alike follow from each other; those that have nothing in common contradict. */
const band = (likeness: number): number => (likeness >= 4 ? 2 : likeness <= 1.5 ? 0 : 1);

const yesOrNo = (yes: boolean): number => (yes ? CONTRAST : -CONTRAST);
const oneOf = (count: number, chosen: number): number[] =>
  Array.from({ length: count }, (_, at) => yesOrNo(at === chosen));
const byPosition = (labels: readonly string[]) => Object.fromEntries(labels.map((label, at) => [String(at), label]));

async function firstVectors(body: Reference, rows: readonly (readonly string[])[]): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (const [first = "", second] of rows) {
    const { ids } = body.encode(first, second);
    const output = await body.run(first, second);
    vectors.push(output.slice(0, output.length / ids.length));
  }
  return vectors;
}

/** Names by their capital letters, which the tokenizer hides from the model, and numbers by their digits. */
async function tokens(
  body: Reference,
  sentences: readonly string[],
): Promise<{ readonly vectors: Float32Array[]; readonly classes: number[][] }> {
  const vectors: Float32Array[] = [];
  const classes: number[][] = [];
  for (const sentence of sentences) {
    const encoded = body.encode(sentence);
    const output = await body.run(sentence);
    const width = output.length / encoded.ids.length;
    for (const [at, label] of taught(sentence, encoded).entries()) {
      vectors.push(output.slice(at * width, (at + 1) * width));
      classes.push(oneOf(NAME_LABELS.length, label));
    }
  }
  return { vectors, classes };
}

/** Positions in NAME_LABELS, one per token. */
function taught(sentence: string, { tokens: pieces }: Encoded): number[] {
  const lower = sentence.toLowerCase();
  let from = 0;
  let before = "";
  return pieces.map((token) => {
    const piece = token.replace(/^##/, "");
    const start = lower.indexOf(piece, from);
    if (start === -1) return 0;
    from = start + piece.length;
    const written = token.startsWith("##") && before !== "" ? before : kindOf(sentence.slice(start, from), start);
    const goesOn = written === before;
    before = written;
    return Math.max(
      0,
      (NAME_LABELS as readonly string[]).indexOf(written === "" ? "O" : `${goesOn ? "I" : "B"}-${written}`),
    );
  });
}

function kindOf(written: string, start: number): "NAME" | "NUMBER" | "" {
  if (/^\d/.test(written)) return "NUMBER";
  return start > 0 && /^[A-Z]/.test(written) ? "NAME" : "";
}
