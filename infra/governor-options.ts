/** What the governor of the shared cache may do, as farthing.config.ts describes it. */
import * as z from "zod";

/** Defaults of the governor. */
export const GOVERNOR = { mode: "dry-run", everyMinutes: 15 } as const;

export const governorSchema = z.strictObject({
  /**
   * `dry-run`: says in its log what it would do. `apply`: does it. The limits of the template are then what a whole month may run at
   * within `monthlyUsd`, and the governor raises them, up to `maxGb` and `maxEcpuPerSecond`, as far as the month's money goes.
   * Default `dry-run`.
   */
  mode: z.enum(["dry-run", "apply"]).default(GOVERNOR.mode),
  /** Most that the cache may cost in a calendar month (UTC) by the price book, USD. */
  monthlyUsd: z.number().positive().max(1_000_000),
  /** Minutes from one look to the next, 1 to 60. Default 15: about 20 cents a month for CloudWatch's answers. */
  everyMinutes: z.int().min(1).max(60).default(GOVERNOR.everyMinutes),
});

export type GovernorOptions = z.infer<typeof governorSchema>;
