/**
 * How large the unzipped layer may be. Every byte is read from disk in a cold start, and function and layers together may
 * have 250 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
import type { LayerPlatform } from "./contents.ts";

export const BYTES_PER_MB = 1_000_000;

/** What Lambda runs. Other systems' builds serve development only and have no budget. */
const BUDGET_BYTES: Readonly<Record<string, number>> = {
  "linux-x64": 60 * BYTES_PER_MB,
  "linux-arm64": 40 * BYTES_PER_MB,
};

export interface FileSize {
  readonly path: string;
  readonly bytes: number;
}

/** Throws an Error with the sum and the largest files when they are over the platform's budget. */
export function checkSizeBudget(
  { platform, arch }: LayerPlatform,
  files: readonly FileSize[],
  budgetBytes = BUDGET_BYTES[`${platform}-${arch}`],
): void {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (budgetBytes === undefined || total <= budgetBytes) return;
  const largest = [...files].sort((a, b) => b.bytes - a.bytes).slice(0, 5);
  const rest = total - largest.reduce((sum, file) => sum + file.bytes, 0);
  const terms = [...largest.map((file) => `  ${mb(file.bytes)}  ${file.path}`), `  ${mb(rest)}  all other files`];
  throw new Error(
    `The ONNX Runtime layer for ${platform}-${arch} is over its budget: ${mb(total)} − ${mb(budgetBytes)} = ${mb(total - budgetBytes)} too much.\n${terms.join("\n")}\nShip less (contents.ts), or raise the budget with a reason (size-budget.ts).`,
  );
}

const mb = (bytes: number): string => `${(bytes / BYTES_PER_MB).toFixed(2)} MB`;
