/**
 * Does the time of a refusal tell which keys exist? Pairs of requests with two kinds of wrong keys, in random order within each
 * pair, over one connection to the local platform: the medians are compared, and a classifier that learns the best threshold
 * on one half of the pairs guesses the labels of the other half.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { createApiKeyStore } from "../adapters/dynamodb/api-key-store.ts";
import { issueKey } from "../core/tenants/issue-key.ts";
import { generateApiKey } from "../core/tenants/key.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { median } from "./measurement.ts";
import type { Report } from "./report.ts";

const PAIRS = 2_000;
const WARM_UP_PAIRS = 200;
const BODY = JSON.stringify({ model: "sentences", input: "x" });

interface Contest {
  readonly name: string;
  readonly first: () => string;
  readonly second: () => string;
}

type Pair = readonly [first: number, second: number];

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const unknown = () => generateApiKey(randomBytes(32));
    const wrong = () => platform.apiKey.slice(0, -6) + randomBytes(8).toString("base64url").slice(0, 6);
    const revoked = await revokedKeys(platform, PAIRS + WARM_UP_PAIRS);
    const [asked, askedRevoked] = [unknown(), revoked[0] as string];
    const contests: readonly Contest[] = [
      { name: "unknown, wrong (six characters of a key changed)", first: unknown, second: wrong },
      { name: "unknown, unknown (the noise)", first: unknown, second: unknown },
      { name: "unknown, revoked", first: unknown, second: () => revoked.pop() as string },
      { name: "asked again: unknown, revoked", first: () => asked, second: () => askedRevoked },
    ];
    const results = new Map<string, readonly Pair[]>();
    for (const contest of contests) results.set(contest.name, await pairsOf(contest, platform.url, agent));
    return report(results);
  } finally {
    agent.destroy();
    await platform.stop();
  }
}

/** Keys of the platform's own tenant, as they lie in the table after `farthing tenant revoke`. */
async function revokedKeys(platform: LocalPlatform, count: number): Promise<string[]> {
  const file = JSON.parse(readFileSync(join(platform.stateDirectory, "platform.json"), "utf8")) as {
    readonly awsEndpointUrl: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  const client = new DynamoDBClient({
    endpoint: file.awsEndpointUrl,
    region: file.region,
    credentials: file.credentials,
  });
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const tableName = TableNames.find((name) => name.includes("Tenants"));
  if (tableName === undefined) throw new Error(`no table of tenants among ${TableNames.join(", ")}`);
  const keys = createApiKeyStore({ client, tableName });
  const made: string[] = [];
  const at = new Date().toISOString();
  while (made.length < count) {
    const issued = issueKey({ tenant: "demo", name: "revoked", randomBytes: randomBytes(32), at });
    await keys.put({ ...issued.record, state: "revoked" });
    made.push(issued.key);
  }
  client.destroy();
  return made;
}

async function pairsOf({ first, second }: Contest, url: string, agent: Agent): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let pair = -WARM_UP_PAIRS; pair < PAIRS; pair++) {
    const firstGoesFirst = randomBytes(1)[0] as number;
    const times: [number, number] = [0, 0];
    for (const which of firstGoesFirst < 128 ? ([0, 1] as const) : ([1, 0] as const)) {
      times[which] = await refusalMicros(url, which === 0 ? first() : second(), agent);
    }
    if (pair >= 0) pairs.push(times);
  }
  return pairs;
}

function refusalMicros(url: string, key: string, agent: Agent): Promise<number> {
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    "content-length": BODY.length,
  };
  return new Promise((resolve, reject) => {
    const startedAt = process.hrtime.bigint();
    const sent = request(`${url}/v1/embeddings`, { method: "POST", agent, headers }, (response) => {
      response.resume().once("end", () => {
        if (response.statusCode === 401) resolve(Number(process.hrtime.bigint() - startedAt) / 1_000);
        else reject(new Error(`a wrong key was answered ${response.statusCode}`));
      });
    });
    sent.once("error", reject).end(BODY);
  });
}

/** Share of right guesses on the second half, by the threshold and direction that are best on the first. */
function classifierAccuracy(pairs: readonly Pair[]): number {
  const half = Math.floor(pairs.length / 2);
  const training = pairs.slice(0, half);
  const rightShare = (some: readonly Pair[], threshold: number, firstIsFaster: boolean): number => {
    const right = some.flatMap(([first, second]) => [
      first <= threshold === firstIsFaster,
      second > threshold === firstIsFaster,
    ]);
    return right.filter(Boolean).length / right.length;
  };
  let best = { share: 0, threshold: 0, firstIsFaster: true };
  for (const threshold of training.flat()) {
    for (const firstIsFaster of [true, false]) {
      const share = rightShare(training, threshold, firstIsFaster);
      if (share > best.share) best = { share, threshold, firstIsFaster };
    }
  }
  return rightShare(pairs.slice(half), best.threshold, best.firstIsFaster);
}

function report(results: ReadonlyMap<string, readonly Pair[]>): Report {
  const measured = [...results].map(([name, pairs]) => {
    const [first, second] = [median(pairs.map(([time]) => time)), median(pairs.map(([, time]) => time))];
    return { name, first, second, difference: Math.abs(second / first - 1), accuracy: classifierAccuracy(pairs) };
  });
  return {
    title: `Time of a refusal, ${PAIRS} interleaved pairs`,
    columns: ["kinds of keys", "first p50", "second p50", "differ by", "classifier is right"],
    rows: measured.map(({ name, first, second, difference, accuracy }) => [
      name,
      `${first.toFixed(0)} µs`,
      `${second.toFixed(0)} µs`,
      `${(difference * 100).toFixed(2)} %`,
      `${(accuracy * 100).toFixed(1)} %`,
    ]),
    notes: [
      "One connection to the local platform; the gateway, the function and the lookup in the table are in each time.",
      "Every key is new except where it is asked again. Chance is 50 %.",
    ],
    figures: Object.fromEntries(
      measured.flatMap(({ name, difference, accuracy }) => [
        [`${name}: medians differ by`, difference],
        [`${name}: classifier`, accuracy],
      ]),
    ),
  };
}
