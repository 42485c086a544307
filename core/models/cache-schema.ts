/** The `cache` of a model card: whether, how long and for whom an answer is kept. Without it nothing is. Defaults: core/caching/cache-policy.ts. */
import * as z from "zod";

/** Shorter than the time for which the name of a deleted tenant stays taken: nobody inherits answers (core/tenants/tenant.ts). */
const LONGEST_TTL_SECONDS = 30 * 86_400;

export const cacheSchema = z
  .strictObject({
    /** Oldest answer that is given again, 1 second to 30 days. A new version never gives answers of an older one. */
    ttlSeconds: z.int().min(1).max(LONGEST_TTL_SECONDS),
    /**
     * `tenant` (default): nobody sees a trace of what another tenant asked. `shared`: one answer for all, which anyone can
     * notice by its speed: only for questions that are no secret.
     */
    scope: z.enum(["tenant", "shared"]).optional(),
    /** Larger answers are not kept. Bytes as they are stored, 1 to 4,194,304. Default 1,048,576. */
    maxBytes: z
      .int()
      .min(1)
      .max(4 * 1024 * 1024)
      .optional(),
  })
  .optional();

export type CacheRule = NonNullable<z.infer<typeof cacheSchema>>;
