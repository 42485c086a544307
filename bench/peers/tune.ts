/**
 * Finds a contender's best configuration: each of its grid once per round, in turn. The winner is written into its tuned.ts by
 * hand, with the reason: a table of one noisy afternoon is not obeyed blindly.
 */
import { median } from "../measurement.ts";
import type { Report } from "../report.ts";
import { type Configuration, describe } from "./configuration.ts";
import type { Contender, Cores } from "./contender.ts";
import { bestWithinBound, type Round, runRound } from "./round.ts";
import type { Workload } from "./workload.ts";

export interface TunePlan {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly cores: readonly Cores[];
  readonly concurrencies: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

interface Tried {
  readonly configuration: Configuration;
  readonly rounds: (Round | string)[];
}

export async function tune(plan: TunePlan): Promise<Report> {
  const rows: string[][] = [];
  for (const contender of plan.contenders) {
    for (const workload of plan.workloads) {
      for (const cores of plan.cores) {
        const tried = await tryAll(plan, contender, workload, cores);
        const scored = tried.map(({ configuration, rounds }) => ({
          configuration,
          rounds,
          ...score(rounds, workload),
        }));
        for (const { configuration, rate, cpuMicros, otherCores, failure } of scored.sort((a, b) => b.rate - a.rate)) {
          const outcome = failure ?? `${rate.toFixed(0)}`;
          rows.push([
            contender.name,
            workload.name,
            String(cores),
            outcome,
            cpuMicros.toFixed(0),
            otherCores.toFixed(2),
            describe(configuration),
          ]);
        }
      }
    }
  }
  return {
    title: "Configurations tried, best first",
    columns: ["server", "workload", "cores", "req/s in time", "least CPU µs/req", "other cores", "configuration"],
    rows,
    notes: [`Concurrency ${plan.concurrencies.join(", ")}; ${plan.seconds} s each; median of ${plan.rounds} round(s).`],
    figures: { configurations: rows.length },
  };
}

async function tryAll(
  plan: TunePlan,
  contender: Contender,
  workload: Workload,
  cores: Cores,
): Promise<readonly Tried[]> {
  const tried: readonly Tried[] = contender
    .grid(workload, cores)
    .map((configuration) => ({ configuration, rounds: [] }));
  for (let round = 0; round < plan.rounds; round++) {
    for (const { configuration, rounds } of tried) {
      plan.progress(`${contender.name}, ${workload.name}, ${cores} core(s): ${describe(configuration)}`);
      const { concurrencies, seconds } = plan;
      const result = await runRound(contender, { workload, cores, configuration, concurrencies, seconds }).catch(
        String,
      );
      if (typeof result === "string") plan.progress(result);
      rounds.push(result);
    }
  }
  return tried;
}

/** A configuration that failed once is out: its rate is zero. */
function score(rounds: readonly (Round | string)[], workload: Workload) {
  const failure = rounds.find((round) => typeof round === "string")?.split("\n")[0];
  const good = rounds.filter((round) => typeof round !== "string");
  if (failure !== undefined || good.length === 0)
    return { rate: 0, cpuMicros: 0, otherCores: 0, failure: failure ?? "never ran" };
  const rate = median(good.map((round) => bestWithinBound(round, workload)?.requestsPerSecond ?? 0));
  const cpuMicros = median(good.map(({ loads }) => Math.min(...loads.map((load) => load.cpuMicrosPerRequest))));
  const otherCores = Math.max(...good.flatMap(({ loads }) => loads.map((load) => load.otherCores)));
  return { rate, cpuMicros, otherCores, failure: undefined };
}
