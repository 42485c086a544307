/**
 * What an Idempotency-Key costs a request that is answered in one piece: two conditional writes to DynamoDB, one before the work and one
 * before the answer. Against the same request without a key, and against two such writes alone, in turn on one platform.
 */
import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { clientFromEnvironment } from "../adapters/aws/signed-client.ts";
import { onceStoreOn } from "../adapters/dynamodb/idempotency-table.ts";
import { signedTable } from "../adapters/dynamodb/signed-table.ts";
import { KEPT_MILLIS, type RunningRecord } from "../core/idempotency/once-record.ts";
import { platformClient } from "./deployed-function.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { type ApiRequest, measuredModels } from "./measured-models.ts";
import { median, quantile } from "./measurement.ts";
import type { Report } from "./report.ts";
import { roundTrip } from "./round-trip.ts";

const ROUNDS = 9;
const REQUESTS_A_ROUND = 150;

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  try {
    const [digits] = await measuredModels(platform, ["digits"]);
    const request = digits?.requests.binary as ApiRequest;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const writes = await twoWrites(platform);
    const contenders = {
      plain: () => roundTrip(agent, platform, request),
      keyed: () => roundTrip(agent, platform, request, { "idempotency-key": randomUUID() }),
      writes,
    };
    const rounds: Record<keyof typeof contenders, number[][]> = { plain: [], keyed: [], writes: [] };
    for (let round = -1; round < ROUNDS; round++) {
      const times = { plain: [] as number[], keyed: [] as number[], writes: [] as number[] };
      for (let i = 0; i < REQUESTS_A_ROUND; i++) {
        for (const name of ["plain", "keyed", "writes"] as const) times[name].push(await timed(contenders[name]));
      }
      if (round >= 0) for (const name of ["plain", "keyed", "writes"] as const) rounds[name].push(times[name]);
    }
    agent.destroy();
    return reportOf(rounds);
  } finally {
    await platform.stop();
  }
}

function reportOf(rounds: Readonly<Record<"plain" | "keyed" | "writes", readonly number[][]>>): Report {
  const of = (name: keyof typeof rounds, share: number) => rounds[name].map((times) => quantile(times, share));
  const added = (share: number) => {
    const plain = of("plain", share);
    return median(of("keyed", share).map((millis, round) => millis - (plain[round] as number)));
  };
  const row = (what: string, name: keyof typeof rounds) => [
    what,
    median(of(name, 0.5)).toFixed(2),
    median(of(name, 0.99)).toFixed(2),
  ];
  const [addedP50, addedP99] = [added(0.5), added(0.99)];
  const floor = median(of("writes", 0.5));
  return {
    title: "Idempotency-Key: what it adds to a request that is answered in one piece (ms)",
    columns: ["", "p50", "p99"],
    rows: [
      row("without a key", "plain"),
      row("with a key of its own", "keyed"),
      ["added", addedP50.toFixed(2), addedP99.toFixed(2)],
      row("two conditional writes alone", "writes"),
    ],
    notes: [
      `${ROUNDS} rounds of ${REQUESTS_A_ROUND}, interleaved one by one on one connection; medians of the rounds. Model: digits.`,
      "The floor is two writes, one after the other: nothing may run before the first is done, nothing be told before the second is. Here DynamoDB is dynalite, which checks signatures and policies; the service promises single-digit milliseconds for each write.",
    ],
    figures: {
      bench: "idempotency",
      keyed_added_p50_ms: rounded(addedP50),
      keyed_added_p99_ms: rounded(addedP99),
      two_writes_p50_ms: rounded(floor),
      keyed_added_over_two_writes_p50: rounded(addedP50 / floor),
    },
  };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

async function timed(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

/** As a serving function makes them: the same client, the same conditions. */
async function twoWrites(platform: LocalPlatform): Promise<() => Promise<unknown>> {
  const settings = platformClient(platform);
  const cloudFormation = new CloudFormationClient(settings);
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: "farthing-local-data" }));
  cloudFormation.destroy();
  const table = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === "RequestsTable")?.OutputValue ?? "";
  const store = onceStoreOn(
    signedTable(
      clientFromEnvironment("dynamodb", {
        AWS_REGION: settings.region,
        AWS_ENDPOINT_URL: settings.endpoint,
        AWS_ACCESS_KEY_ID: settings.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: settings.credentials.secretAccessKey,
      }),
      table,
    ),
  );
  return async () => {
    const now = Date.now();
    const name = { tenant: "bench", id: randomUUID().replaceAll("-", "") };
    const base = { token: "t", fingerprint: "f".repeat(64), requestId: randomUUID(), streams: false };
    const running: RunningRecord = {
      ...base,
      state: "running",
      expiresAtMillis: now + KEPT_MILLIS,
      aliveUntilMillis: now + 15_000,
    };
    await store.create(name, running, now);
    const answer = { type: "inline", bytes: new Uint8Array(300) } as const;
    const done = { ...base, state: "done", endedBy: "t", answer, expiresAtMillis: now + KEPT_MILLIS } as const;
    if ((await store.replace(name, done, { token: "t" })) !== "written") throw new Error("the write was refused");
  };
}
