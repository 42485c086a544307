import type { PriceBook } from "../price-book.ts";
import type { BilledHour } from "./billed-hour.ts";

export type ComponentName =
  | "lambda-compute"
  | "lambda-requests"
  | "lambda-streaming"
  | "api-gateway"
  | "firewall"
  | "gpu"
  | "cache"
  | "dynamodb"
  | "s3"
  | "logs"
  | "egress"
  | "idle";

/** One item of the bill for the hour. */
export interface Charge {
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  readonly picodollars: bigint;
  /**
   * How much of it each usage line caused, in their order: whole numbers, 0 or more. All 0, or absent: every request
   * alike.
   */
  readonly weights?: readonly number[];
}

/** Throws a RangeError for what the price book has no price for. */
export type Component = (hour: BilledHour, book: PriceBook) => readonly Charge[];
