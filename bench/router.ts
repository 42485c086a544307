/**
 * What stands between a caller and an engine: `farthing up --env onprem` with one upstream that answers at once, against the same
 * upstream called directly, and beside other gateways before it. And the function alone, without a front door.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deployedFunction } from "./deployed-function.ts";
import type { LocalPlatform } from "./local-platform.ts";
import { median, quantile } from "./measurement.ts";
import { runWrk, writeRequests } from "./peers/load/wrk.ts";
import { cpuSecondsOf } from "./peers/process-tree.ts";
import { pinReader } from "./pinning.ts";
import type { Report } from "./report.ts";
import { addedMicros, latencies } from "./router/added-latency.ts";
import { type Chat, chatBody } from "./router/client.ts";
import { coldPath } from "./router/cold-path.ts";
import type { RunningGateway } from "./router/gateway.ts";
import { GATEWAYS, type RunningFarthing } from "./router/gateways.ts";
import { inProcess, type OwnResults } from "./router/in-process.ts";
import { createLiveHeap } from "./router/live-heap.ts";
import { manyStreams } from "./router/many-streams.ts";
import { type RunningMock, startMock } from "./router/mock.ts";
import { streamMemory } from "./router/stream-memory.ts";

const OPTIONS = {
  rounds: { type: "string", default: "7" },
  /** Of each load. */
  seconds: { type: "string", default: "5" },
  gateways: { type: "string", default: "farthing,portkey,litellm" },
  /** 0: none of that part. */
  streams: { type: "string", default: "1000" },
  /** Of two waves of those streams each; 6 at least. */
  "stream-rounds": { type: "string", default: "8" },
} as const;

const CORES = { gateway: "1", client: "0" } as const;
const WHOLE: Chat = { tokens: 8, stream: false };
const SHORT: Chat = { tokens: 1, stream: true };
const LONG: Chat = { tokens: 257, stream: true };
const CONCURRENCY = 16;
/** Rounds until heaps have found their size and hot code is compiled. */
const STREAM_WARMUPS = 3;

export async function run(parameters: readonly string[]): Promise<Report> {
  const { values } = parseArgs({ args: [...parameters], options: OPTIONS, strict: true });
  const rounds = Number(values.rounds);
  const scratch = mkdtempSync(join(tmpdir(), "farthing-router-"));
  pinReader();
  const mock = await startMock(0);
  const running = new Map<string, RunningGateway>();
  const notes: string[] = [];
  const rows: string[][] = [];
  const figures: Record<string, number | string> = { bench: "router" };
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    for (const gateway of GATEWAYS.filter(({ name }) => values.gateways.split(",").includes(name))) {
      const reason = gateway.unavailable();
      if (reason !== undefined) notes.push(`${gateway.name}: not measured, ${reason}`);
      else running.set(gateway.name, await gateway.start({ upstream: mock.url, cpus: CORES.gateway, scratch }));
    }
    const farthing = running.get("farthing") as RunningFarthing | undefined;
    if (farthing !== undefined) {
      progress("the function alone");
      const own = await alone(farthing.platform, mock, rounds);
      for (const [name, { bare, ours }] of Object.entries(own)) {
        rows.push([
          "function alone",
          name,
          ...figuresOf(
            ours.map(({ p50 }, i) => p50 - (bare[i]?.p50 ?? 0)),
            ours.map(({ p99 }, i) => p99 - (bare[i]?.p99 ?? 0)),
          ),
          "",
        ]);
        figures[`function_${name}_added_p50_us`] = round(median(ours.map(({ p50 }, i) => p50 - (bare[i]?.p50 ?? 0))));
        figures[`function_${name}_over_bare_cpu`] = round(median(ours.map(({ cpu }, i) => cpu / (bare[i]?.cpu ?? 1))));
      }
      figures.function_us_per_token = round(perToken(own));
    }
    for (const [name, gateway] of running) {
      progress(`latency of ${name}`);
      const places = {
        direct: { url: `${mock.url}/chat/completions`, model: "mock", headers: {} },
        [name]: gateway.place,
      };
      const calls = name === "litellm" ? 40 : 500;
      const prefix = name === "farthing" ? "" : `${name}_`;
      const whole = await latencies(places, { chat: WHOLE, rounds, calls, what: "all" });
      const added = { p50: addedMicros(whole, name, "p50"), p99: addedMicros(whole, name, "p99") };
      rows.push([name, "whole answer", ...figuresOf(added.p50, added.p99), ""]);
      figures[`${prefix}added_p50_us`] = round(median(added.p50));
      figures[`${prefix}added_p99_us`] = round(median(added.p99));
      try {
        const first = await latencies(places, { chat: SHORT, rounds, calls, what: "first" });
        const all = await latencies(places, { chat: SHORT, rounds, calls: Math.ceil(calls / 5), what: "all" });
        const long = await latencies(places, { chat: LONG, rounds, calls: Math.ceil(calls / 5), what: "all" });
        const each = addedMicros(long, name, "p50").map(
          (micros, i) => (micros - (addedMicros(all, name, "p50")[i] ?? 0)) / (LONG.tokens - SHORT.tokens),
        );
        rows.push([
          name,
          "first token",
          ...figuresOf(addedMicros(first, name, "p50"), addedMicros(first, name, "p99")),
          "",
        ]);
        rows.push([name, "a token", round(median(each)).toString(), "", ""]);
        figures[`${prefix}first_token_added_p50_us`] = round(median(addedMicros(first, name, "p50")));
        figures[`${prefix}first_token_added_p99_us`] = round(median(addedMicros(first, name, "p99")));
        figures[`${prefix}stream_added_us_per_token`] = round(median(each));
      } catch (error) {
        notes.push(`${name}: no streams, ${(error as Error).message.slice(0, 200)}`);
      }
      progress(`load on ${name}`);
      const load = await underLoad(gateway, scratch, Number(values.seconds));
      rows.push([name, `${CONCURRENCY} clients`, "", (load.p99Millis * 1000).toFixed(0), load.perCore.toFixed(0)]);
      figures[`${prefix}rps_per_core`] = Math.round(load.perCore);
      if (load.errors > 0) notes.push(`${name}: ${load.errors} of its answers under load were errors`);
    }
    for (const peer of ["portkey", "litellm"]) {
      const [ours, theirs] = [figures.rps_per_core, figures[`${peer}_rps_per_core`]];
      if (typeof ours === "number" && typeof theirs === "number")
        figures[`throughput_over_${peer}`] = round(ours / theirs);
    }
    if (farthing !== undefined) {
      progress("cold path");
      const cold = await coldPath(await deployedFunction(farthing.platform, "farthing-onprem-router"));
      rows.push(["router, cold", "ready after Node", (1000 * (cold.router - cold.node)).toFixed(0), "", ""]);
      figures.cold_ready_over_node_ms = round(cold.router - cold.node);
    }
  } finally {
    for (const gateway of running.values()) await gateway.stop();
  }
  try {
    const streams = Number(values.streams);
    if (streams > 0) {
      progress(`${streams} streams at once`);
      const heaps = createLiveHeap(scratch);
      const site = { upstream: mock.url, cpus: "0,1", scratch, environment: heaps.environment };
      const gateway = await GATEWAYS[0]?.start(site);
      if (gateway === undefined) throw new Error("there is no Farthing to start");
      const bare = { url: `${mock.url}/chat/completions`, model: "mock", headers: {} };
      const direct = await manyStreams(bare, streams, 2);
      const load = { streams, rounds: Number(values["stream-rounds"]), warmups: STREAM_WARMUPS };
      const held = { pid: gateway.pid, collect: heaps.collect };
      const ours = await streamMemory(gateway.place, load, held).finally(() => gateway.stop());
      const added = (share: number) => round(1000 * (quantile(ours.first, share) - quantile(direct.first, share)));
      rows.push([`${streams} streams`, "first token", added(0.5).toString(), added(0.99).toString(), ""]);
      figures.streams = streams;
      figures.streams_failed = ours.failures;
      figures.streams_first_token_added_p99_us = added(0.99);
      figures.streams_live_mib = mebibytes(median(ours.live));
      figures.streams_live_growth = round((ours.live.at(-1) ?? Number.NaN) / (ours.live[0] ?? Number.NaN), 3);
      figures.streams_mib_left_per_1000 = mebibytes(ours.leftBehind.slope);
      const { slope, low, high } = ours.leftBehind;
      notes.push(
        `${streams} streams: ${ours.tokensPerSecond.toFixed(0)} tokens/s, ${ours.failures} failed${ours.why ? ` (${ours.why.slice(0, 200)})` : ""}.`,
        `What lives in all heaps after each of ${load.rounds} equal rounds, garbage collected (MiB): ${ours.live.map(mebibytes).join(" ")}. A thousand streams leave ${mebibytes(slope)} MiB (95 %: ${mebibytes(low)} to ${mebibytes(high)}).`,
        `Memory of all processes at the same moments (MiB): ${ours.resident.map((bytes) => mebibytes(bytes).toFixed(0)).join(" ")}.`,
      );
    }
  } finally {
    await mock.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  return {
    title: "router: what a gateway adds to its upstream (µs), and what one core of it serves (requests/s)",
    columns: ["", "", "added p50", "added p99", "req/s/core"],
    rows,
    notes: [
      `${rounds} rounds, upstream and gateway in turn, one client at a time; gateways on core ${CORES.gateway}, client and upstream on core ${CORES.client}.`,
      `req/s/core: wrk, ${CONCURRENCY} connections, answers of ${WHOLE.tokens} tokens, by the processor time of the gateway's processes.`,
      "Farthing checks keys and budgets, prices each answer and writes a usage line; the others pass requests on.",
      ...notes,
    ],
    figures,
  };
}

const alone = async (platform: LocalPlatform, mock: RunningMock, rounds: number): Promise<OwnResults> =>
  inProcess(await deployedFunction(platform, "farthing-onprem-router"), {
    apiKey: platform.apiKey,
    model: "mock-chat",
    upstream: mock.url,
    rounds,
    cases: [
      { name: "whole", calls: 1_000, ...WHOLE },
      { name: "short_stream", calls: 1_000, ...SHORT },
      { name: "long_stream", calls: 100, ...LONG },
    ],
  });

/** By the time that a long stream takes longer than a short one, over that of the upstream alone. */
function perToken({ short_stream: short, long_stream: long }: OwnResults): number {
  if (short === undefined || long === undefined) return Number.NaN;
  const more = (who: "bare" | "ours") => long[who].map(({ p50 }, i) => p50 - (short[who][i]?.p50 ?? 0));
  const bare = more("bare");
  return median(more("ours").map((micros, i) => (micros - (bare[i] ?? 0)) / (LONG.tokens - SHORT.tokens)));
}

async function underLoad({ place, pid }: RunningGateway, scratch: string, seconds: number) {
  const requestsFile = join(scratch, "requests");
  const { pathname, origin } = new URL(place.url);
  writeRequests(requestsFile, origin, [
    {
      path: pathname,
      headers: { "content-type": "application/json", ...place.headers },
      body: chatBody(place.model, WHOLE),
    },
  ]);
  const load = () => runWrk({ url: origin, requestsFile, concurrency: CONCURRENCY, seconds, cpus: CORES.client });
  await load();
  const before = cpuSecondsOf(pid);
  const result = await load();
  return { ...result, perCore: (result.requestsPerSecond * seconds) / (cpuSecondsOf(pid) - before) };
}

const figuresOf = (p50: readonly number[], p99: readonly number[]) => [median(p50).toFixed(0), median(p99).toFixed(0)];
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
const mebibytes = (bytes: number): number => round(bytes / 2 ** 20, 3);
