/**
 * The model card, `model.json`: what a person writes about a model that a function serves; endpoint-card.ts is for models on
 * GPU endpoints, any-card.ts for either. Strict: an unknown key is a typo.
 * Imported by what reads files (CLI, CDK app, tests); the serving path only imports its type.
 */
import * as z from "zod";
import { cardFields } from "./card-fields.ts";
import { entailmentIndex } from "./entailment.ts";

export { MODEL_NAME_PATTERN } from "./card-fields.ts";

const relativePath = z
  .string()
  .min(1)
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[A-Za-z0-9._/-]+$/, "a path inside the model's own folder");

const placement = z.strictObject({
  kind: z.literal("function"),
  /** Name of the deployment (farthing.config.ts) whose functions hold this model. */
  group: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
});

export const TASK_NAMES = [
  "tensor",
  "text-classification",
  "zero-shot-classification",
  "token-classification",
  "embedding",
  "rerank",
  "text-generation",
  "image-classification",
  "voice-activity",
] as const;

const text = z.strictObject({
  /** Longest input in tokens, special tokens included. Longer texts are refused, or cut where the caller says so. */
  maxTokens: z.int().min(1).max(1_000_000),
  /**
   * Generation: for which texts several tokens may be read in one run where a text repeats itself. `sampled` (default): those
   * with a temperature above 0; greedy ones are then, token for token, what a loop gives that reads one token at a time.
   * `always`: greedy ones too; where two tokens are all but equally likely, they may take the other one.
   */
  lookahead: z.enum(["sampled", "always"]).optional(),
  /** Class names in the order of the logits (every classification). Spans: `B-PER`, `I-PER`, `O` (token-classification). */
  labels: z.array(z.string().min(1)).min(2).optional(),
  /** Scores by sigmoid, each on its own, instead of softmax. Default false. */
  multiLabel: z.boolean().optional(),
  /** The sentence that a label becomes, with `{}` for the label (zero-shot-classification). Default `This example is {}.` */
  hypothesisTemplate: z.string().includes("{}").max(500).optional(),
  /** How token states become one vector; `none`: the graph already pools (embedding). Default `mean`. */
  pooling: z.enum(["none", "mean", "cls"]).optional(),
  /** Scale vectors to length 1 (embedding). Default true. */
  normalize: z.boolean().optional(),
  /** Length of a vector (embedding). */
  dimensions: z.int().min(1).optional(),
});

const size = z.strictObject({ width: z.int().min(1).max(4_096), height: z.int().min(1).max(4_096) });
const perChannel = z.union([z.tuple([z.number()]), z.tuple([z.number(), z.number(), z.number()])]);

/** How a picture becomes the tensor that the graph takes; in this order, as image processors of transformers do it. */
const image = z.strictObject({
  /** Class names in the order of the logits. */
  labels: z.array(z.string().min(1)).min(2),
  /** Scores by sigmoid, each on its own, instead of softmax. Default false. */
  multiLabel: z.boolean().optional(),
  /** Default `rgb`. */
  channels: z.enum(["rgb", "bgr", "gray"]).optional(),
  /** To a size, or to a length of the shorter side, the other one in proportion. Default: the size stays. */
  resize: z.union([size, z.strictObject({ shortestEdge: z.int().min(1).max(4_096) })]).optional(),
  /** Default `bilinear`. */
  resample: z.enum(["nearest", "bilinear", "bicubic", "lanczos"]).optional(),
  /** From the centre. Default: nothing is cut off. */
  crop: size.optional(),
  /** What a value of 0 to 255 is multiplied with. Default 1/255. */
  rescale: z.number().positive().optional(),
  /** Taken off after that, and divided by; one number, or one per channel. Default 0 and 1. */
  mean: perChannel.optional(),
  std: perChannel.optional(),
});

const share = z.number().min(0).max(1);

/** What POST /v1/moderations reports of a text-classification model. */
const moderation = z.strictObject({
  /** Labels that are a reason to flag a text, and the score from which on they do. Other labels are not reported. */
  thresholds: z
    .record(z.string().min(1), share)
    .refine((labels) => Object.keys(labels).length > 0, "at least one label"),
});

const TEXT_TASKS: readonly string[] = [
  "text-classification",
  "zero-shot-classification",
  "token-classification",
  "embedding",
  "rerank",
];
const LABEL_TASKS: readonly string[] = ["text-classification", "zero-shot-classification", "token-classification"];

export const modelCardSchema = z
  .strictObject({
    ...cardFields,
    task: z.enum(TASK_NAMES),
    artifacts: z.strictObject({
      model: relativePath,
      externalData: z.array(relativePath).optional(),
      tokenizer: relativePath.optional(),
      config: relativePath.optional(),
      generationConfig: relativePath.optional(),
      tokenizerConfig: relativePath.optional(),
    }),
    placement,
    text: text.optional(),
    image: image.optional(),
    moderation: moderation.optional(),
    evaluation: relativePath.optional(),
  })
  .check((context) => {
    const card = context.value;
    const require = (present: boolean, path: string, why: string) => {
      if (!present) context.issues.push({ code: "custom", input: card, path: path.split("."), message: why });
    };
    const needsText = TEXT_TASKS.includes(card.task);
    if (needsText) {
      require(card.artifacts.tokenizer !== undefined, "artifacts.tokenizer", `task "${card.task}" needs a tokenizer`);
      require(card.text !== undefined, "text", `task "${card.task}" needs text.maxTokens`);
    }
    if (LABEL_TASKS.includes(card.task)) require(card.text?.labels !== undefined, "text.labels", "needs labels");
    if (card.task === "zero-shot-classification") {
      const index = entailmentIndex(card.text?.labels ?? []);
      require(index !== -1, "text.labels", 'one of the labels must be "entailment", in any case');
    }
    const isImageTask = card.task === "image-classification";
    if (isImageTask) require(card.image !== undefined, "image", `task "${card.task}" needs image.labels`);
    else require(card.image === undefined, "image", `task "${card.task}" reads no pictures`);
    if (card.moderation === undefined) return;
    require(card.task === "text-classification", "moderation", `task "${card.task}" makes no moderations`);
    for (const label of Object.keys(card.moderation.thresholds)) {
      const isLabel = card.text?.labels?.includes(label) ?? false;
      require(isLabel, "moderation.thresholds", `"${label}" is none of text.labels`);
    }
  });

export type ModelCard = z.infer<typeof modelCardSchema>;

/** Throws an Error that names every wrong field, what was received and what is allowed. */
export function parseModelCard(value: unknown, source: string): ModelCard {
  const result = modelCardSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${issue.path.join(".") || "(card)"}: ${issue.message}`);
  throw new Error(`${source} is not a valid model card:\n${problems.join("\n")}`);
}
