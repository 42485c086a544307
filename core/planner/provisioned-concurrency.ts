/**
 * How many execution environments to keep provisioned: those that are busy for a larger share of the time than the one from
 * which on provisioning is the cheaper bill. https://aws.amazon.com/lambda/pricing/ under "Provisioned Concurrency Pricing"
 */
import type { PriceBook } from "../pricing/price-book.ts";

export interface ExpectedTraffic {
  readonly requestsPerSecond: number;
  /** Billed duration of one request, milliseconds. */
  readonly millisPerRequest: number;
}

type Architecture = "x86_64" | "arm64";

/**
 * Share of the time, 0 to 1, that an environment must be busy before its provisioning costs less than running on demand: kept
 * at the one price and run at the lower other, against run at the full one. 0.6 at list prices; 1 or more: it never pays.
 */
export function breakEvenUse({ lambda }: PriceBook, architecture: Architecture): number {
  const onDemand = lambda.gbSecond[architecture][0]?.[1] ?? 0;
  const saved = onDemand - lambda.provisionedDurationGbSecond[architecture];
  return saved > 0 ? lambda.provisionedGbSecond[architecture] / saved : Number.POSITIVE_INFINITY;
}

/**
 * Environments worth provisioning for requests that come independently of each other. As many are busy at once as a Poisson
 * variable of mean rate × duration says (Erlang's infinite servers), so the n-th is busy with the probability that there
 * are n or more; it pays while that is above the break-even use.
 */
export function provisionedConcurrency(
  { requestsPerSecond, millisPerRequest }: ExpectedTraffic,
  book: PriceBook,
  architecture: Architecture,
): number {
  const worthwhile = breakEvenUse(book, architecture);
  const mean = (requestsPerSecond * millisPerRequest) / 1000;
  if (!(worthwhile < 1) || mean <= 0) return 0;
  // Terms by their logarithms: e^-mean alone is zero in floating point from a mean of 745 on.
  let logTerm = -mean;
  let fewer = Math.exp(logTerm);
  let environments = 0;
  while (1 - fewer > worthwhile) {
    environments++;
    logTerm += Math.log(mean / environments);
    fewer += Math.exp(logTerm);
  }
  return environments;
}

/**
 * The use that target tracking steers provisioned environments to: above the break-even they pay, and AWS's own default of 0.7
 * leaves room for a rise until more are there. https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
 */
export const trackedUse = (book: PriceBook, architecture: Architecture): number =>
  Math.min(0.9, Math.max(0.7, breakEvenUse(book, architecture)));
