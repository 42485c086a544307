/** The comparison itself: contenders in turn, round by round, and what the table and the JSON line say. */
import { interleave, median, pairedRatio, type Sample as Series } from "../measurement.ts";
import type { Report } from "../report.ts";
import { describe } from "./configuration.ts";
import type { Contender, Cores } from "./contender.ts";
import { SUBJECT } from "./contenders.ts";
import { bestWithinBound, type Round, runRound, type ServedLoad } from "./round.ts";
import type { TunePlan } from "./tune.ts";
import { runtimeVersion, type Workload } from "./workload.ts";

interface Outcome {
  readonly contender: Contender;
  readonly series: Series;
  readonly rounds: readonly Round[];
  readonly failures: readonly string[];
}

/** Names in the JSON line; two cores add `_2cores`. */
const RATIO_FIELD: Readonly<Record<Workload["name"], string>> = {
  "tiny-text": "tiny_over_best_peer",
  digits: "digits_over_best_peer",
  "minilm-fp32": "minilm_over_best_peer",
  "minilm-int8": "minilm_int8_over_best_peer",
};

export async function compare(plan: TunePlan): Promise<Report> {
  const rows: string[][] = [];
  const notes: string[] = [];
  const figures: Record<string, number | string | boolean> = {};
  for (const workload of plan.workloads) {
    for (const cores of plan.cores) {
      const able = plan.contenders.filter((contender) => {
        const reason = contender.unavailable(workload);
        if (reason !== undefined) notes.push(`${contender.name} did not run ${workload.name}: ${reason}`);
        return reason === undefined;
      });
      const outcomes = await race(plan, able, workload, cores);
      rows.push(...outcomes.map((outcome) => row(outcome, workload, cores)));
      notes.push(...outcomes.map(({ contender }) => configurationNote(contender, workload, cores)));
      notes.push(...outcomes.flatMap(({ failures }) => failures));
      Object.assign(figures, figuresOf(outcomes, workload, cores));
    }
  }
  return {
    title: "Model servers, side by side",
    columns: [
      "workload",
      "cores",
      "server",
      "req/s in time",
      "spread",
      "clients",
      "p50 ms",
      "p99 ms",
      "CPU µs/req",
      "RSS MB",
      "PSS MB",
      "start s",
      "other cores",
    ],
    rows,
    notes: [
      `Requests a second of the best concurrency of ${plan.concurrencies.join(", ")} whose p99 (as the client sees it) is within its bound: ` +
        `${plan.workloads.map(({ name, p99BoundMillis }) => `${name} ${p99BoundMillis} ms`).join(", ")}. ` +
        `Median of ${plan.rounds} interleaved rounds, ${plan.seconds} s each, every server started anew in each round and asked for right answers first.`,
      "1 core: server pinned to core 1, wrk to core 0. 2 cores: both on both. Memory: whole process tree after the load. Start: process start to first right answer. " +
        "Other cores: used by neither server nor client (0.1: a tenth of one); a figure beside more than that does not count.",
      `Python peers: onnxruntime ${runtimeVersion()}, spinning off, one session per worker.`,
      ...notes,
    ],
    figures,
  };
}

async function race(
  plan: TunePlan,
  contenders: readonly Contender[],
  workload: Workload,
  cores: Cores,
): Promise<readonly Outcome[]> {
  const entries = contenders.map((contender) => ({ contender, rounds: [] as Round[], failures: [] as string[] }));
  const turns = entries.map(({ contender, rounds, failures }) => {
    const turn = async (): Promise<number> => {
      plan.progress(`${workload.name}, ${cores} core(s): ${contender.name}`);
      const { concurrencies, seconds } = plan;
      try {
        const configuration = contender.tuned(workload, cores);
        const round = await runRound(contender, { workload, cores, configuration, concurrencies, seconds });
        rounds.push(round);
        return bestWithinBound(round, workload)?.requestsPerSecond ?? 0;
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
        return 0;
      }
    };
    return [contender.name, turn] as const;
  });
  // Each round warms its server up itself.
  const series = await interleave(Object.fromEntries(turns), { rounds: plan.rounds, warmups: 0 });
  return entries.map((entry) => ({ ...entry, series: series[entry.contender.name] as Series }));
}

function row({ contender, series, rounds }: Outcome, workload: Workload, cores: Cores): string[] {
  const named = [workload.name, String(cores), contender.name];
  const best = rounds.flatMap((round) => bestWithinBound(round, workload) ?? []);
  if (best.length === 0) return [...named, ...nothingInTime(rounds)];
  const of = (value: (load: ServedLoad) => number) => median(best.map(value));
  const megabytes = (value: (round: Round) => number) => (median(rounds.map(value)) / 1e6).toFixed(0);
  return [
    ...named,
    median(series.rounds).toFixed(0),
    `${Math.min(...series.rounds).toFixed(0)}–${Math.max(...series.rounds).toFixed(0)}`,
    [...new Set(best.map(({ concurrency }) => concurrency))].join("/"),
    of(({ p50Millis }) => p50Millis).toFixed(2),
    of(({ p99Millis }) => p99Millis).toFixed(2),
    of(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest).toFixed(0),
    megabytes(({ memory }) => memory.residentBytes),
    megabytes(({ memory }) => memory.proportionalBytes),
    (median(rounds.map(({ startMillis }) => startMillis)) / 1000).toFixed(2),
    Math.max(...best.map(({ otherCores }) => otherCores)).toFixed(2),
  ];
}

/** What came closest, so that the reader sees by how much it missed. */
function nothingInTime(rounds: readonly Round[]): string[] {
  const closest = rounds.flatMap(({ loads }) => loads).sort((a, b) => a.p99Millis - b.p99Millis)[0];
  if (closest === undefined) return ["failed", "", "", "", "", "", "", "", "", ""];
  return [
    "0",
    "",
    String(closest.concurrency),
    closest.p50Millis.toFixed(2),
    closest.p99Millis.toFixed(2),
    "",
    "",
    "",
    "",
    closest.otherCores.toFixed(2),
  ];
}

const configurationNote = (contender: Contender, workload: Workload, cores: Cores): string =>
  `${workload.name}, ${cores} core(s), ${contender.name}: ${describe(contender.tuned(workload, cores))}`;

function figuresOf(outcomes: readonly Outcome[], workload: Workload, cores: Cores): Record<string, number | string> {
  const suffix = cores === 1 ? "" : "_2cores";
  const field = `${RATIO_FIELD[workload.name]}${suffix}`;
  const rates = outcomes.map(
    ({ contender, series }) =>
      [
        `${workload.name.replace("-", "_")}_${contender.name.replace("-", "_")}_rps${suffix}`,
        Math.round(median(series.rounds)),
      ] as const,
  );
  const subject = outcomes.find(({ contender }) => contender.name === SUBJECT);
  const peers = outcomes.filter(({ contender, series }) => contender.name !== SUBJECT && median(series.rounds) > 0);
  const best = peers.sort((a, b) => median(b.series.rounds) - median(a.series.rounds))[0];
  const ratio =
    subject === undefined
      ? `${SUBJECT} did not run`
      : best === undefined
        ? "no peer answered in time"
        : Number(pairedRatio(subject.series, best.series).toFixed(3));
  return { ...Object.fromEntries(rates), [field]: ratio, ...(best && { [`${field}_name`]: best.contender.name }) };
}
