/**
 * The card of a model that a GPU endpoint serves: `placement: { kind: "endpoint" }`. It has no files of its own to load: the
 * weights lie in the model bucket, and the server on the endpoint reads them. What it has instead are the numbers from
 * which the memory it needs follows (core/planner). The handler only imports its type.
 */
import * as z from "zod";
import { architectureSchema } from "./architecture.ts";
import { cardFields } from "./card-fields.ts";

export const WEIGHT_TYPES = ["bf16", "fp16", "fp8", "int4"] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

export const ENGINES = ["vllm", "lmi"] as const;
export type Engine = (typeof ENGINES)[number];

/** Of the fields that have one. */
export const SERVING_DEFAULTS = { engine: "vllm", keyValueType: "same", batchedTokens: 8192 } as const;
export const WAKE_DEFAULTS = { seconds: 420, maxHeld: 20 } as const;

const serving = z.strictObject({
  /** The container: vLLM's own, or AWS's Large Model Inference with vLLM inside. Default vllm. */
  engine: z.enum(ENGINES).default(SERVING_DEFAULTS.engine),
  /** How the weights are stored; `int4`: AWQ or GPTQ with groups of 128. */
  weightType: z.enum(WEIGHT_TYPES),
  /** How keys and values are kept: as 16 bits, or as fp8 in half the memory. Default 16 bits. */
  keyValueType: z.enum(["same", "fp8"]).default(SERVING_DEFAULTS.keyValueType),
  /** Longest context of one request in tokens, prompt and answer together. */
  contextTokens: z.int().min(128),
  /** Requests that one copy holds at once, each with its whole context in memory. */
  concurrency: z.int().min(1).max(1024),
  /** Tokens that are computed in one step, 512 to 131072: more read prompts faster and take more memory. Default 8192. */
  batchedTokens: z.int().min(512).max(131_072).default(SERVING_DEFAULTS.batchedTokens),
  /** vLLM's parser of the model's thoughts, such as deepseek_r1. Default: none. */
  reasoningParser: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .optional(),
  /** vLLM's parser of the model's tool calls, such as llama3_json. Default: none, and no tools. */
  toolCallParser: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .optional(),
});

const wake = z.strictObject({
  /** From no copy to the first answer, as observed; until there are observations, 420 (measured 258 to 525 for 8 B). */
  seconds: z.int().min(1).max(3600).default(WAKE_DEFAULTS.seconds),
  /** Callers that may wait for a wake-up with their connection open; 0: nobody waits. Default 20. */
  maxHeld: z.int().min(0).max(1000).default(WAKE_DEFAULTS.maxHeld),
});

export const endpointCardSchema = z
  .strictObject({
    ...cardFields,
    task: z.enum(["text-generation", "embedding"]),
    placement: z.strictObject({
      kind: z.literal("endpoint"),
      /** Name of the endpoint (farthing.config.ts); several models on one endpoint share its instances. */
      group: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
    }),
    /** Default: none, the container brings them. */
    weights: z
      .strictObject({
        /** Where they come from: a repository of the Hugging Face Hub. They are copied to the model bucket once. */
        repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, "owner/name"),
        /** A commit, a tag or a branch; part of their place in the bucket. */
        revision: z.string().regex(/^[\w.-]{1,64}$/),
      })
      .optional(),
    architecture: architectureSchema,
    serving,
    wake: wake.prefault({}),
    /** Models of this environment that answer instead while this one sleeps or fails, in this order. Default: none. */
    fallback: z.array(cardFields.name).default([]),
    /** Length of a vector (embedding). */
    dimensions: z.int().min(1).optional(),
  })
  .check((context) => {
    const { architecture, serving: asked, task, dimensions, fallback, name } = context.value;
    const refuse = (path: string, message: string) =>
      context.issues.push({ code: "custom", input: context.value, path: path.split("."), message });
    if (asked.contextTokens > architecture.maxPositions) {
      refuse("serving.contextTokens", `${asked.contextTokens} is longer than the model's ${architecture.maxPositions}`);
    }
    if (architecture.attentionHeads % architecture.keyValueHeads !== 0) {
      const { attentionHeads, keyValueHeads } = architecture;
      refuse("architecture.keyValueHeads", `${attentionHeads} attention heads cannot share ${keyValueHeads} evenly`);
    }
    if (task === "embedding" && dimensions === undefined) refuse("dimensions", 'task "embedding" needs it');
    if (task === "text-generation" && dimensions !== undefined) refuse("dimensions", 'is for task "embedding"');
    if (fallback.includes(name)) refuse("fallback", "a model does not stand in for itself");
  });

export type EndpointCard = z.infer<typeof endpointCardSchema>;

/** Where an endpoint's weights lie in the model bucket; the server loads every file below it. Undefined: nowhere. */
export const weightsPrefix = ({ name, weights }: Pick<EndpointCard, "name" | "weights">): string | undefined =>
  weights && `weights/${name}/${weights.revision}/`;
