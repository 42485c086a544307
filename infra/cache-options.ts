/** The cache that all functions of an environment share, as farthing.config.ts describes it. */
import * as z from "zod";
import { governorSchema } from "./governor-options.ts";

/** Defaults of a cache. */
export const CACHE = { maxGb: 1, maxEcpuPerSecond: 5000, network: "public-iam" } as const;

const vpcSchema = z.strictObject({
  /**
   * Ids of 2 or 3 availability zones, such as `use1-az4`; each has a subnet, and each endpoint and NAT is paid for in each. By id,
   * because names mean another zone in every account, and AWS lists by id where the service is:
   * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/RegionsAndAZs.html. Default: the first two that the account has.
   */
  zones: z
    .array(z.string().regex(/^[a-z]+\d-az\d$/, "the id of an availability zone, such as euc1-az1"))
    .min(2)
    .max(3)
    .refine((zones) => new Set(zones).size === zones.length, "zones that differ")
    .optional(),
  /**
   * A way to the internet although nothing named here needs one: for webhooks, which reach only `webhookReceivers` without. Default:
   * only where an upstream or a receiver of webhooks has a public address.
   */
  internet: z.boolean().optional(),
});

export const cacheSchema = z
  .strictObject({
    /** Most that it may hold, GB, 1 to 5000. Beyond it what was asked for longest ago goes. Default 1: at most 61 USD a month. */
    maxGb: z.int().min(1).max(5000).default(CACHE.maxGb),
    /**
     * Most processing units a second, 1000 to 15,000,000 (a hit of up to 1 kB takes one); beyond it requests are answered without
     * the cache. Default 5000: at most 30 USD a month.
     */
    maxEcpuPerSecond: z.int().min(1000).max(15_000_000).default(CACHE.maxEcpuPerSecond),
    /**
     * `public-iam`: an address on the internet, open to roles of the account only. `vpc`: no such address; cache and functions are in
     * a network of their own, with the endpoints (or NAT) that these functions need, from 15 USD a month. Fixed when the cache is
     * made (docs/guides/cache-network.md says how to change it). Default `public-iam`.
     */
    network: z.enum(["public-iam", "vpc"]).default(CACHE.network),
    /** How that network is. Only with `network: "vpc"`. */
    vpc: vpcSchema.optional(),
    /** A function that sets the limits by use and money, or says what it would set (docs/guides/cache-costs.md). Default: none. */
    governor: governorSchema.optional(),
  })
  .refine(({ network, vpc }) => vpc === undefined || network === "vpc", {
    path: ["vpc"],
    error: 'says how the network of network: "vpc" is; this cache has none',
  });

export type CacheOptions = z.infer<typeof cacheSchema>;

/** Of the cache, of its one user, and of the group that the user is in. */
export const sharedCacheName = (environment: string): string => `farthing-${environment}`;
