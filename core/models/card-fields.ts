/** What every model card says, wherever the model runs. */
import * as z from "zod";
import { cacheSchema } from "./cache-schema.ts";
import { priceSchema } from "./price-schema.ts";

export const MODEL_NAME_PATTERN = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

const quality = z.strictObject({
  metric: z.enum(["accuracy", "f1", "spearman", "perplexity"]),
  /** Measured on data that training did not see. */
  value: z.number(),
  /** The worst value with which a version may still be published. */
  minimum: z.number(),
  dataset: z.string().min(1),
  samples: z.int().min(1),
});

export const cardFields = {
  schema: z.literal("farthing.card/1"),
  name: z.string().regex(MODEL_NAME_PATTERN, "lower-case letters, digits, '.', '_' and '-', at most 64 characters"),
  description: z.string().min(1).max(500),
  /** SPDX identifier. */
  license: z.string().min(1),
  attribution: z.array(z.string().min(1)).optional(),
  serviceLevel: z.strictObject({ p99Millis: z.number().positive() }).optional(),
  quality: quality.optional(),
  price: priceSchema,
  cache: cacheSchema,
};
