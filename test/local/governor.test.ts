/**
 * The governor as it is deployed: called by its schedule, with its role's permissions, looking at what the cache measured of real
 * connections. Hours pass by hand; everything else is real.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import {
  DescribeServerlessCachesCommand,
  ElastiCacheClient,
  ModifyServerlessCacheCommand,
  type ServerlessCache,
} from "@aws-sdk/client-elasticache";
import { jest } from "@jest/globals";
import { systemClock } from "../../adapters/system-clock.ts";
import { createValkeyClient } from "../../adapters/valkey/client.ts";
import { connectToken } from "../../adapters/valkey/connect-token.ts";
import { synthesize } from "../../cli/up/synthesis.ts";
import type { FarthingConfigInput } from "../../infra/config.ts";
import { createPlatform, type Platform } from "../../local/platform.ts";
import type { PlatformEvent } from "../../local/simulator.ts";
import { workDirectoryOf } from "../../local/work-directory.ts";
import { ROOT } from "./running-farthing.ts";

const NAME = "farthing-local";
const LONG_MILLIS = 90_000;
/** Timers that go on by themselves: all but intervals, of which schedule and measurements are made. */
const REAL = [
  "Date",
  "hrtime",
  "nextTick",
  "performance",
  "queueMicrotask",
  "setImmediate",
  "clearImmediate",
  "setTimeout",
  "clearTimeout",
] as const;

let folder: string;
let platform: Platform | undefined;
let events: PlatformEvent[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "farthing-governor-"));
});
afterEach(async () => {
  jest.useRealTimers();
  await platform?.stop();
  platform = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function assemblyOf(mode: "dry-run" | "apply"): Promise<string> {
  const config: FarthingConfigInput = {
    environments: {
      local: {
        protectData: false,
        tracing: false,
        router: { architecture: "host" },
        modelGroups: [{ name: "small", architecture: "host" }],
        cache: { maxGb: 3, maxEcpuPerSecond: 50_000, governor: { mode, monthlyUsd: 150, everyMinutes: 1 } },
      },
    },
  };
  const file = join(folder, `${mode}.mjs`);
  writeFileSync(file, `export default ${JSON.stringify(config)};\n`);
  const { signal } = new AbortController();
  const stateDirectory = mkdtempSync(join(folder, `${mode}-`));
  return (await synthesize({ root: ROOT, environment: "local", config: file, stateDirectory, signal })).directory;
}

interface Running {
  readonly elasticache: ElastiCacheClient;
  readonly cloudwatch: CloudWatchClient;
  cache(): Promise<ServerlessCache | undefined>;
  /** Until something has come of the schedule's next time. */
  minutePasses<T>(seen: () => T | undefined): Promise<T>;
}

async function start(assemblyDirectory: string): Promise<Running> {
  events = [];
  const stateDirectory = mkdtempSync(join(folder, "state-"));
  jest.useFakeTimers({ doNotFake: [...REAL] });
  const emit = (event: PlatformEvent) => void events.push(event);
  const common = { environment: "local", port: 0, clock: Date.now, emit };
  platform = await createPlatform({ assemblyDirectory, stateDirectory, ...common });
  const { awsEndpointUrl: endpoint, region, operatorCredentials: credentials } = platform;
  const elasticache = new ElastiCacheClient({ endpoint, region, credentials });
  const describe = new DescribeServerlessCachesCommand({ ServerlessCacheName: NAME });
  const cache = async () => (await elasticache.send(describe)).ServerlessCaches?.[0];
  const ca = readFileSync(join(workDirectoryOf(stateDirectory), "elasticache/certificates.pem"), "utf8");
  const { Endpoint } = (await cache()) as ServerlessCache;
  const connection = createValkeyClient({
    address: { host: Endpoint?.Address as string, port: Endpoint?.Port as number },
    tls: { ca },
    login: () => ({
      user: NAME,
      password: connectToken({ cache: NAME, user: NAME, region }, credentials, Date.now()),
    }),
    clock: systemClock,
  });
  await connection.ask("a:x", ["SET", "a:x", "x".repeat(600 * 1024), "PX", "600000"]);
  connection.close();
  return {
    elasticache,
    cloudwatch: new CloudWatchClient({ endpoint, region, credentials }),
    cache,
    async minutePasses(seen) {
      await jest.advanceTimersByTimeAsync(60_000);
      for (let value = seen(); ; value = seen()) {
        if (value !== undefined) return value;
        await sleep(25);
      }
    },
  };
}

/** As somebody would who ran an old template, or went to the console. */
const raiseLimits = (elasticache: ElastiCacheClient) =>
  elasticache.send(
    new ModifyServerlessCacheCommand({
      ServerlessCacheName: NAME,
      CacheUsageLimits: { DataStorage: { Maximum: 40, Unit: "GB" }, ECPUPerSecond: { Minimum: 0, Maximum: 900_000 } },
    }),
  );
const RAISED = { DataStorage: { Maximum: 40, Unit: "GB" }, ECPUPerSecond: { Maximum: 900_000 } };

interface Line {
  readonly outcome: string;
  readonly reasons: readonly string[];
  readonly limits: { readonly maxGb: number; readonly maxUnitsPerSecond: number };
  readonly use: { readonly peakGb: number; readonly peakUnitsPerSecond: number; readonly spentUsd: number };
}

function lastLine(): Line | undefined {
  const lines = events.flatMap((event) =>
    event.type === "log" && event.logGroup.endsWith("/governor") ? [event] : [],
  );
  const last = lines.filter(({ line }) => line.includes('"governor"')).at(-1);
  return last && (JSON.parse(last.line) as Line);
}

test(
  "in dry-run mode it says what it would do, and leaves the cache as it is",
  async () => {
    const { elasticache, cloudwatch, cache, minutePasses } = await start(await assemblyOf("dry-run"));
    expect((await cache())?.CacheUsageLimits).toEqual({
      DataStorage: { Maximum: 3, Unit: "GB" },
      ECPUPerSecond: { Maximum: 50_000 },
    });
    await raiseLimits(elasticache);
    const line = await minutePasses(lastLine);
    expect(line).toMatchObject({
      outcome: "would-change",
      reasons: [expect.stringContaining("above the bounds"), expect.anything()],
    });
    expect(line.limits.maxGb).toBeLessThanOrEqual(3);
    expect(line.use.peakGb).toBeGreaterThan((600 * 1024) / 1024 ** 3);
    // 600 units in a minute.
    expect(line.use.peakUnitsPerSecond).toBeGreaterThanOrEqual(10);
    expect((await cache())?.CacheUsageLimits).toEqual(RAISED);
    const { Datapoints } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: "Farthing",
        MetricName: "cacheLimitChanges",
        Dimensions: [
          { Name: "service", Value: "farthing-governor" },
          { Name: "cache", Value: NAME },
        ],
        StartTime: new Date(Date.now() - 600_000),
        EndTime: new Date(Date.now() + 60_000),
        Period: 3600,
        Statistics: ["Sum"],
      }),
    );
    expect(Datapoints).toMatchObject([{ Sum: 1 }]);
    expect(events.filter(({ type }) => type === "access-denied")).toEqual([]);
  },
  LONG_MILLIS,
);

test(
  "in apply mode it sets them, keeps them, and sets them again when somebody else has",
  async () => {
    const { elasticache, cache, minutePasses } = await start(await assemblyOf("apply"));
    // 150 ÷ 744 − 0.084 for 1 GB, ÷ 0.00000828: what a month of 31 days allows at every hour.
    const first = { DataStorage: { Maximum: 1, Unit: "GB" }, ECPUPerSecond: { Maximum: 14_200 } };
    expect((await cache())?.CacheUsageLimits).toEqual(first);
    for (let round = 0; round < 2; round++) {
      await raiseLimits(elasticache);
      await sleep(600);
      events.length = 0;
      const line = await minutePasses(lastLine);
      expect(line.outcome).toBe("changed");
      const set = (await cache())?.CacheUsageLimits;
      expect(set).toEqual({
        DataStorage: { Maximum: line.limits.maxGb, Unit: "GB" },
        ECPUPerSecond: { Maximum: line.limits.maxUnitsPerSecond },
      });
      expect(line.limits.maxGb).toBeLessThanOrEqual(3);
      await sleep(600);
    }
    events.length = 0;
    expect((await minutePasses(lastLine)).outcome).toBe("kept");
  },
  LONG_MILLIS,
);

test(
  "without the permission the change is denied, and the schedule goes on",
  async () => {
    const assembly = join(folder, "denied");
    cpSync(await assemblyOf("apply"), assembly, { recursive: true });
    const file = join(
      assembly,
      readdirSync(assembly).find((name) => name.endsWith("governor.template.json")) as string,
    );
    const template = readFileSync(file, "utf8");
    expect(template).toContain("elasticache:ModifyServerlessCache");
    writeFileSync(file, template.replace("elasticache:ModifyServerlessCache", "elasticache:ListTagsForResource"));
    const { elasticache, cache, minutePasses } = await start(assembly);
    await raiseLimits(elasticache);
    await sleep(600);
    const denied = () => events.find(({ type }) => type === "access-denied");
    expect(await minutePasses(denied)).toMatchObject({
      message: expect.stringMatching(/farthing-local-governor.*elasticache:ModifyServerlessCache.*farthing-local/),
    });
    expect((await cache())?.CacheUsageLimits).toEqual(RAISED);
  },
  LONG_MILLIS,
);
