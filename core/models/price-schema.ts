/**
 * The `price` of a model card: what a tenant pays for one answered request. Everything that is named is added up; what is
 * not named costs nothing. How it is computed, exactly: core/pricing/request-price.ts.
 */
import * as z from "zod";

const usd = z.number().min(0);

/**
 * Volume steps over a calendar month (UTC), for each tenant and model: `[[1000000, 0], [10000000, 0.5], [null, 0.3]]` makes
 * the first million units free, the next nine million 0.5 and all further ones 0.3. The price of a step is for the units
 * that lie in it, so one more unit never makes the others dearer or cheaper. Ends count single tokens, requests, seconds
 * and megabytes, whatever the rate is for.
 */
const steps = z
  .array(z.tuple([z.int().min(1).nullable(), usd]))
  .min(1)
  .max(20)
  .refine((rows) => rows.every(([end], row) => (end === null) === (row === rows.length - 1)), {
    error: "only the last step, and it, ends at null",
  })
  .refine((rows) => rows.every(([end], row) => row === 0 || end === null || end > (rows[row - 1]?.[0] ?? 0)), {
    error: "the ends of the steps must ascend",
  });

/** One price for every unit, or steps. */
const rate = z.union([usd, steps]).optional();

export const priceSchema = z.strictObject({
  usdPerRequest: rate,
  usdPerThousandInputTokens: rate,
  /** Input tokens that the model did not have to read again. Default: like every input token. */
  usdPerThousandCachedInputTokens: rate,
  usdPerThousandOutputTokens: rate,
  /** Of time in the model, queueing excluded. */
  usdPerInferenceSecond: rate,
  /** A megabyte is 1,000,000 bytes of body; nothing is rounded up. */
  usdPerRequestMegabyte: rate,
  usdPerResponseMegabyte: rate,
  /** Adds the cost of the request at list prices, and this share on top: 0.4 charges 1.4 times the cost. */
  costPlusMarkup: z.number().min(0).max(1_000).optional(),
  /** A tenant's first answered requests to this model in a calendar month (UTC) cost nothing at all. Default 0. */
  freeRequestsPerMonth: z.int().min(0).optional(),
  /** Share of the price that an answer from the cache costs, 0 to 1. Default 1. */
  cacheHitShare: z.number().min(0).max(1).optional(),
});
