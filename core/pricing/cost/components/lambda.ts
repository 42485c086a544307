/** Lambda: milliseconds of memory, INIT included, and invocations. https://aws.amazon.com/lambda/pricing/ */
import type { UsageLine } from "../../../metering/usage-line.ts";
import type { DeployedFunction } from "../../deployed-functions.ts";
import type { BilledHour, LambdaReport } from "../billed-hour.ts";
import type { Charge, Component } from "../component.ts";
import { costOf, splitExactly, tieredCostOf } from "../exact.ts";

const MB_MILLIS_PER_GB_SECOND = 1024n * 1000n;
const ARCHITECTURES = ["x86_64", "arm64"] as const;
const BYTES_PER_MB = 1024 ** 2;
const FREE_STREAMED_BYTES = 6 * BYTES_PER_MB;

export const lambdaCompute: Component = (hour, book) => {
  const { reports, inferred } = invocations(hour);
  return ARCHITECTURES.flatMap((architecture): readonly Charge[] => {
    const weights = hour.lines.map(() => 0);
    const add = (index: number, mbMillis: number) => {
      weights[index] = (weights[index] as number) + mbMillis;
    };
    let nobodys = 0;
    for (const { deployment, mbMillis, by } of [...reports, ...inferred]) {
      const facts = hour.deployment.functions[deployment];
      if (facts?.architecture !== architecture || facts.managed === true || mbMillis === 0) continue;
      if (typeof by === "number") add(by, mbMillis);
      else if (by.length === 0) nobodys += mbMillis;
      else {
        const shares = splitExactly(
          BigInt(mbMillis),
          by.map(({ weight }) => BigInt(weight)),
        );
        for (const [position, { index }] of by.entries()) add(index, Number(shares[position]));
      }
    }
    const quantity = BigInt(nobodys + weights.reduce((sum, weight) => sum + weight, 0));
    if (quantity === 0n) return [];
    const before = BigInt(Math.round((hour.measured.monthBefore?.gbSeconds[architecture] ?? 0) * 1_024_000));
    const units = { smallest: MB_MILLIS_PER_GB_SECOND, unitsPerPrice: 1n };
    return [
      {
        item: `compute, ${architecture}`,
        quantity: Number(quantity) / Number(MB_MILLIS_PER_GB_SECOND),
        unit: "GB-s",
        picodollars: tieredCostOf(quantity, before, book.lambda.gbSecond[architecture], units),
        weights,
      },
    ];
  });
};

export const lambdaRequests: Component = (hour, book) => {
  const { reports, inferred } = invocations(hour);
  const count = reports.reduce((sum, { count }) => sum + count, 0) + inferred.length;
  const weights = hour.lines.map((line) => (line.target === "remote-function" ? 2 : 1));
  const picodollars = costOf(BigInt(count), book.lambda.requestPerM, 1_000_000n);
  return count === 0 ? [] : [{ item: "requests", quantity: count, unit: "requests", picodollars, weights }];
};

export const lambdaStreaming: Component = ({ lines }, book) => {
  const weights = lines.map(({ responseBytes }) => Math.max(0, responseBytes - FREE_STREAMED_BYTES));
  const bytes = weights.reduce((sum, weight) => sum + weight, 0);
  const picodollars = costOf(BigInt(bytes), book.lambda.streamedGbOver6MBPerRequest, 1024n ** 3n);
  return bytes === 0
    ? []
    : [{ item: "streamed beyond 6 MB", quantity: bytes / 1024 ** 3, unit: "GB", picodollars, weights }];
};

interface Billed {
  readonly deployment: string;
  readonly mbMillis: number;
  readonly count: number;
  /** The line that it served; or the lines that share it, nobody's when there are none. */
  readonly by: number | readonly { readonly index: number; readonly weight: number }[];
}

/** Every invocation of the hour, as reported; what no report tells of is inferred from the usage lines. */
function invocations(hour: BilledHour): { readonly reports: readonly Billed[]; readonly inferred: readonly Billed[] } {
  const { lines, deployment } = hour;
  const unclaimed = new Map(hour.reports.map((report) => [`${report.deployment} ${report.requestId}`, report]));
  const reports: Billed[] = [];
  const inferred: Billed[] = [];
  for (const [index, line] of lines.entries()) {
    const id = `${line.deployment} ${line.requestId}`;
    const report = unclaimed.get(id);
    unclaimed.delete(id);
    if (report !== undefined) reports.push({ ...billed([report]), deployment: line.deployment, by: index });
    else
      inferred.push(
        estimate(
          line.deployment,
          deployment.functions[line.deployment],
          line.durationMillis + (line.initMillis ?? 0),
          index,
        ),
      );
  }
  const holderOf = (line: UsageLine) =>
    line.target === "remote-function" ? deployment.holders[line.model] : undefined;
  const pools = Map.groupBy(unclaimed.values(), (report) => report.deployment);
  for (const [name, pool] of pools) {
    // A forwarded request runs under a request id of the deployment that it was forwarded to.
    const forwarded = lines.flatMap((line, index) =>
      holderOf(line) === name ? [{ index, weight: billedMillis(line.inferenceMillis) }] : [],
    );
    const others = lines.flatMap((line, index) => (line.deployment === name ? [{ index, weight: 1 }] : []));
    const everyone = lines.map((_, index) => ({ index, weight: 1 }));
    const by = [forwarded, others, everyone].find((sharers) => sharers.length > 0) ?? [];
    reports.push({ ...billed(pool), deployment: name, by });
  }
  for (const [index, line] of lines.entries()) {
    const holder = holderOf(line);
    if (holder === undefined || pools.has(holder)) continue;
    inferred.push(estimate(holder, deployment.functions[holder], line.inferenceMillis, index));
  }
  return { reports, inferred };
}

const billed = (reports: readonly LambdaReport[]) => ({
  mbMillis: reports.reduce((sum, report) => sum + report.billedMillis * report.memoryMegabytes, 0),
  count: reports.length,
});

const estimate = (deployment: string, facts: DeployedFunction | undefined, millis: number, by: number): Billed => ({
  deployment,
  mbMillis: billedMillis(millis) * (facts?.memoryMegabytes ?? 0),
  count: 1,
  by,
});

/** Lambda rounds up to the millisecond. */
const billedMillis = (millis: number): number => Math.max(1, Math.ceil(millis));
