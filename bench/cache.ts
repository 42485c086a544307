/**
 * What a hit costs beside a bare GET of the same bytes on the same connection; how often a burst of one question reaches the model;
 * and whether a tenant can tell from the time of an answer what another one asked. Against a real Valkey or Redis.
 */
import { answerName } from "../core/caching/answer-key.ts";
import type { Work } from "../core/serving/work.ts";
import { answered, countingModel, environment, question, storyOf, workOf } from "./cache/environments.ts";
import { processBursts } from "./cache/process-bursts.ts";
import { type RealServer, startRealServer } from "./cache/real-server.ts";
import { median, pairedRatio, quantile, type Sample } from "./measurement.ts";
import { PINNING } from "./pinning.ts";
import type { Report } from "./report.ts";

const ROUNDS = 15;
const HITS_A_ROUND = 1_000;
const AT_ONCE = 32;
const BURST = 500;
const ENVIRONMENTS = 8;
const PAIRS = 2_000;
const PROCESS_BURSTS = 5;

export async function run(): Promise<Report> {
  const server = await startRealServer();
  try {
    const hits = await measureHits(server);
    const [whole, streamed] = [await burst(server, false), await burst(server, true)];
    const processes = await processBursts({ callers: BURST, environments: ENVIRONMENTS, count: PROCESS_BURSTS });
    const timing = await measureTiming(server);
    return {
      title: "Cache: hits, bursts, and what their timing tells",
      columns: ["what", "hit or ours", "GET", "ratio", "must", "goal"],
      rows: [
        ["p50 of one after another, µs", ...hits.p50, "1.30", "1.10"],
        [`hits a second as deployed (memory on), ${AT_ONCE} at once`, ...hits.throughput, "0.80", "0.90"],
        ["the same, every hit from the server", ...hits.serverThroughput, "", ""],
        [`model calls for ${BURST} equal questions over ${ENVIRONMENTS} environments`, `${whole}`, "", "", "1", "1"],
        ["the same, streamed", `${streamed}`, "", "", "1", "1"],
        [`over ${ENVIRONMENTS} processes of the local platform, each burst`, processes.join(" "), "", "", "1", "1"],
        ["medians of asked elsewhere and never asked", `${timing.medianRatio.toFixed(4)}`, "", "", "0.98–1.02", ""],
        ["share that a classifier tells apart", `${timing.classified.toFixed(3)}`, "", "", "< 0.55", ""],
      ],
      notes: [
        `${server.what}, on loopback, over TLS as ElastiCache is reached. ${PINNING}`,
        `A hit: policy, name, GET, checksum, decoding (an embedding of 384 numbers), memory off unless said otherwise. ${ROUNDS} rounds of ${HITS_A_ROUND}, interleaved, medians of the ratios.`,
        `Timing: ${PAIRS} interleaved pairs of a question that another tenant has asked and one that nobody has; a threshold fitted on the first half, tried on the second.`,
      ],
      figures: {
        hit_over_get_p50: rounded(hits.p50Ratio),
        hit_throughput_over_get: rounded(hits.throughputRatio),
        server_hit_throughput_over_get: rounded(hits.serverRatio),
        upstream_calls_per_burst: Math.max(whole, streamed),
        upstream_calls_per_process_burst: Math.max(...processes),
        tenant_timing_median_ratio: rounded(timing.medianRatio),
        tenant_timing_classified: rounded(timing.classified),
      },
    };
  } finally {
    server.stop();
  }
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

async function measureHits(server: RealServer) {
  const { answer, client, settled } = environment(server, countingModel(0).answer, 0);
  const asDeployed = environment(server, countingModel(0).answer, 32 * 2 ** 20);
  // Questions that are asked at once are different ones: equal ones would be asked for once.
  const works = Array.from({ length: AT_ONCE }, (_, index) => workOf(question(`question ${index}`), "acme"));
  const names = works.map(
    ({ request, version: { digest } }) =>
      answerName({ scope: "tenant/open/acme", model: "bench", digest, request }).text,
  );
  for (const work of works) await answered(work, answer);
  await settled();
  for (const work of works) await answered(work, asDeployed.answer);
  const hit = (index = 0) => answer({ ...(works[index] as Work), journal: { target: "none" } });
  const deployedHit = (index = 0) => asDeployed.answer({ ...(works[index] as Work), journal: { target: "none" } });
  const get = (index = 0) => client.ask(names[index] as string, ["GET", names[index] as string]);
  const [work] = works as [Work];
  const probe = { ...work, journal: { target: "none" as const, cache: undefined as string | undefined } };
  await answer(probe as typeof work);
  if (probe.journal.cache !== "hit") throw new Error(`expected a hit, got ${probe.journal.cache}`);

  const [hitP50, getP50, hitRps, getRps, deployedRps]: number[][] = [[], [], [], [], []];
  for (let round = -2; round < ROUNDS; round++) {
    const times = await alternated(hit, get);
    const rates = [await rateOf(hit), await rateOf(get), await rateOf(deployedHit)];
    if (round < 0) continue;
    hitP50?.push(quantile(times[0], 0.5));
    getP50?.push(quantile(times[1], 0.5));
    hitRps?.push(rates[0] as number);
    getRps?.push(rates[1] as number);
    deployedRps?.push(rates[2] as number);
  }
  client.close();
  asDeployed.client.close();
  const sample = (name: string, rounds: number[] = []): Sample => ({ name, rounds });
  const p50Ratio = pairedRatio(sample("hit", hitP50), sample("get", getP50));
  const serverRatio = pairedRatio(sample("hit", hitRps), sample("get", getRps));
  const throughputRatio = pairedRatio(sample("deployed", deployedRps), sample("get", getRps));
  const row = (ours: number[] = [], theirs: number[] = [], ratio: number) => [
    median(ours).toFixed(1),
    median(theirs).toFixed(1),
    ratio.toFixed(3),
  ];
  return {
    p50Ratio,
    throughputRatio,
    serverRatio,
    p50: row(hitP50, getP50, p50Ratio),
    throughput: row(deployedRps, getRps, throughputRatio),
    serverThroughput: row(hitRps, getRps, serverRatio),
  };
}

/** Microseconds of each, in turn. */
async function alternated(a: () => Promise<unknown>, b: () => Promise<unknown>): Promise<[number[], number[]]> {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < HITS_A_ROUND; i++) {
    for (const [index, call] of [a, b].entries()) {
      const began = performance.now();
      await call();
      times[index as 0 | 1].push((performance.now() - began) * 1000);
    }
  }
  return times;
}

async function rateOf(call: (question: number) => Promise<unknown>): Promise<number> {
  let left = HITS_A_ROUND * 3;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, question) => {
      while (left-- > 0) await call(question);
    }),
  );
  return (HITS_A_ROUND * 3 * 1000) / (performance.now() - began);
}

async function burst(server: RealServer, streams: boolean): Promise<number> {
  const model = countingModel(streams ? 10 : 100);
  const environments = Array.from({ length: ENVIRONMENTS }, () => environment(server, model.answer, 1_000_000));
  const request = (text: string) => (streams ? storyOf(text) : question(text));
  // Warm: each has answered before, and is connected.
  await Promise.all(
    environments.map(({ answer }, index) => answered(workOf(request(`warm ${index}`), "acme"), answer)),
  );
  await Promise.all(environments.map(({ settled }) => settled()));
  model.counts.calls = 0;
  const asked = request(`burst ${streams}`);
  await Promise.all(
    Array.from({ length: BURST }, (_, index) => {
      const { answer } = environments[index % ENVIRONMENTS] as (typeof environments)[number];
      return answered(workOf(asked, "acme"), answer);
    }),
  );
  await Promise.all(environments.map(({ settled }) => settled()));
  for (const { client } of environments) client.close();
  return model.counts.calls;
}

async function measureTiming(server: RealServer) {
  const { answer, client, settled } = environment(server, countingModel(0).answer, 64_000_000);
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let pair = -100; pair < PAIRS; pair++) {
    await answered(workOf(question(`secret ${pair}`), "acme"), answer);
    await settled();
    const order = ["known", "unknown"] as const;
    for (const kind of pair % 2 === 0 ? order : order.toReversed()) {
      const work = workOf(question(kind === "known" ? `secret ${pair}` : `nobody ${pair}`), "other");
      const began = performance.now();
      await answered(work, answer);
      const took = performance.now() - began;
      await settled();
      if (pair >= 0) times[kind].push(took);
    }
  }
  client.close();
  return {
    medianRatio: median(times.known) / median(times.unknown),
    classified: classifiedShare(times.known, times.unknown),
  };
}

/** The best threshold of the first half, in either direction, on the second half. */
function classifiedShare(a: readonly number[], b: readonly number[]): number {
  const half = a.length / 2;
  const accuracy = (threshold: number, from: number, to: number): number => {
    const right = (values: readonly number[], below: boolean) =>
      values.slice(from, to).filter((value) => value < threshold === below).length;
    return (right(a, true) + right(b, false)) / (2 * (to - from));
  };
  const candidates = Array.from({ length: 99 }, (_, index) => quantile(a.slice(0, half), (index + 1) / 100));
  const trained = candidates.map((threshold) => ({ threshold, share: accuracy(threshold, 0, half) }));
  const best = trained.reduce((one, other) => (Math.abs(other.share - 0.5) > Math.abs(one.share - 0.5) ? other : one));
  const share = accuracy(best.threshold, half, a.length);
  return best.share >= 0.5 ? share : 1 - share;
}
