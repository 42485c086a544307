/** One round of one contender: start, prove, load at each concurrency, weigh, stop. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Configuration } from "./configuration.ts";
import type { Contender, Cores } from "./contender.ts";
import { firstRightAnswer, mustBeRight } from "./correctness.ts";
import { PEERS_DIRECTORY } from "./environments.ts";
import { type LoadResult, runWrk, writeRequests } from "./load/wrk.ts";
import { watchOtherWork } from "./other-work.ts";
import { cpuSecondsOf, type Memory, memoryOf } from "./process-tree.ts";
import { loadSamples, type Workload } from "./workload.ts";

export interface RoundPlan {
  readonly workload: Workload;
  readonly cores: Cores;
  readonly configuration: Configuration;
  readonly concurrencies: readonly number[];
  readonly seconds: number;
}

export interface Round {
  readonly startMillis: number;
  readonly memory: Memory;
  readonly loads: readonly ServedLoad[];
}

export interface ServedLoad extends LoadResult {
  /** Of all processes of the server. Other work on the machine blurs it less than it blurs times. */
  readonly cpuMicrosPerRequest: number;
  /** Cores that neither server nor client used while it was loaded. */
  readonly otherCores: number;
}

/** A server that is not there after two minutes will not come. */
const START_LIMIT_MILLIS = 120_000;
/** Until just-in-time compilers have seen what there is to see. */
const WARM_UP_SECONDS = 5;
const WARM_UP_CONCURRENCY = 16;

/** Server on core 1 and client on core 0; or both on both. */
const CPUS = { 1: { server: "1", client: "0" }, 2: { server: "0,1", client: "0,1" } } as const;

export async function runRound(contender: Contender, plan: RoundPlan): Promise<Round> {
  const { workload, cores, configuration } = plan;
  const scratch = mkdtempSync(join(tmpdir(), "peer-"));
  const logs = join(PEERS_DIRECTORY, "logs");
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${contender.name}-${workload.name}.log`);
  rmSync(log, { force: true });
  const beforeStart = performance.now();
  const server = await contender.start({ workload, configuration, cpus: CPUS[cores].server, scratch, log });
  try {
    await firstRightAnswer(server, workload, START_LIMIT_MILLIS);
    const startMillis = performance.now() - beforeStart;
    await mustBeRight(server, workload);
    const requestsFile = join(scratch, "requests");
    writeRequests(
      requestsFile,
      server.url,
      loadSamples(workload).map((sample) => server.call(sample)),
    );
    const load = async (concurrency: number, seconds: number): Promise<ServedLoad> => {
      const cpuBefore = cpuSecondsOf(server.pid);
      const otherWork = watchOtherWork();
      const seen = await runWrk({ url: server.url, requestsFile, concurrency, seconds, cpus: CPUS[cores].client });
      const cpuSeconds = cpuSecondsOf(server.pid) - cpuBefore;
      const cpuMicrosPerRequest = (cpuSeconds * 1e6) / (seen.requestsPerSecond * seconds);
      return { ...seen, cpuMicrosPerRequest, otherCores: otherWork(cpuSeconds) };
    };
    await load(WARM_UP_CONCURRENCY, WARM_UP_SECONDS);
    const loads: ServedLoad[] = [];
    for (const concurrency of plan.concurrencies) loads.push(await load(concurrency, plan.seconds));
    return { startMillis, memory: memoryOf(server.pid), loads };
  } catch (error) {
    const tail = readFileSync(log, "utf8").trimEnd().split("\n").slice(-15).join("\n");
    throw new Error(
      `${contender.name}, ${workload.name}: ${error instanceof Error ? error.message : String(error)}\n${tail}`,
    );
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The best load whose slowest percent is in time and that lost no request; undefined when none was. */
export const bestWithinBound = ({ loads }: Pick<Round, "loads">, workload: Workload): ServedLoad | undefined =>
  loads
    .filter(({ p99Millis, errors }) => errors === 0 && p99Millis <= workload.p99BoundMillis)
    .sort((a, b) => b.requestsPerSecond - a.requestsPerSecond)[0];
