/**
 * Does the time of a refusal tell which keys exist? Requests with two kinds of wrong keys in turn, over one connection to the
 * local platform, in many rounds; one contest has the same kind on both sides, and says what the method itself can see.
 */
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { generateApiKey } from "../core/tenants/key.ts";
import { classifierAccuracy, differenceOf, type Group } from "./key-timing/paired-times.ts";
import { revokedKeys } from "./key-timing/revoked-keys.ts";
import { startPlatform } from "./local-platform.ts";
import type { Report } from "./report.ts";

const ROUNDS = 40;
const GROUPS_PER_ROUND = 125;
const WARM_UP_GROUPS = 250;
const BODY = JSON.stringify({ model: "sentences", input: "x" });

interface Contest {
  readonly name: string;
  readonly first: () => string;
  readonly second: () => string;
}

const NOISE = "unknown, unknown (the noise)";

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (key: string) => refusalMicros(platform.url, key, agent);
  try {
    const unknown = () => generateApiKey(randomBytes(32));
    const wrong = () => platform.apiKey.slice(0, -6) + randomBytes(8).toString("base64url").slice(0, 6);
    const revoked = await revokedKeys(platform, 2 * ROUNDS * GROUPS_PER_ROUND + 1);
    const [asked, askedRevoked] = [unknown(), revoked.pop() as string];
    const contests: readonly Contest[] = [
      { name: "unknown, wrong (six characters of a key changed)", first: unknown, second: wrong },
      { name: NOISE, first: unknown, second: unknown },
      { name: "unknown, revoked", first: unknown, second: () => revoked.pop() as string },
      { name: "asked again: unknown, revoked", first: () => asked, second: () => askedRevoked },
    ];
    const results = new Map<string, Group[]>(contests.map(({ name }) => [name, []]));
    for (let group = 0; group < WARM_UP_GROUPS; group++) await groupOf({ first: unknown, second: wrong }, ask);
    for (let round = 0; round < ROUNDS; round++) {
      for (const contest of shuffled(contests)) {
        const groups = results.get(contest.name) as Group[];
        for (let group = 0; group < GROUPS_PER_ROUND; group++) groups.push(await groupOf(contest, ask));
      }
    }
    return report(results);
  } finally {
    agent.destroy();
    await platform.stop();
  }
}

const coin = (): boolean => (randomBytes(1)[0] as number) < 128;

const shuffled = <Item>(items: readonly Item[]): readonly Item[] =>
  items
    .map((item) => ({ item, place: randomBytes(4).readUInt32BE() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);

/** A B B A, or B A A B. */
async function groupOf(
  { first, second }: Pick<Contest, "first" | "second">,
  ask: (key: string) => Promise<number>,
): Promise<Group> {
  const firstIsOuter = coin();
  const [outer, inner] = firstIsOuter ? [first, second] : [second, first];
  const outerBefore = await ask(outer());
  const innerTimes = [await ask(inner()), await ask(inner())] as const;
  const outerTimes = [outerBefore, await ask(outer())] as const;
  return firstIsOuter ? { first: outerTimes, second: innerTimes } : { first: innerTimes, second: outerTimes };
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

function report(results: ReadonlyMap<string, readonly Group[]>): Report {
  const measured = [...results].map(([name, groups]) => ({
    ...{ name, ...differenceOf(groups), accuracy: classifierAccuracy(groups) },
  }));
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  return {
    title: `Time of a refusal, ${ROUNDS} rounds of ${GROUPS_PER_ROUND} × (A B B A) for each pair of kinds`,
    columns: ["kinds of keys", "first p50", "second p50", "differ by", "± (95 %)", "classifier is right"],
    rows: measured.map(({ name, first, second, share, margin, accuracy }) => [
      name,
      `${first.toFixed(0)} µs`,
      `${second.toFixed(0)} µs`,
      percent(share),
      percent(margin),
      `${(accuracy * 100).toFixed(1)} %`,
    ]),
    notes: [
      "One connection to the local platform; the gateway, the function and the lookup in the table are in each time.",
      "Differences are medians over groups of four requests, in which drift and order fall out. Kinds take turns by rounds, in random order.",
      "Every key is new except where it is asked again. Chance is 50 %; what the noise shows, the method does not see.",
    ],
    figures: Object.fromEntries(
      measured.flatMap(({ name, share, margin, accuracy }) => [
        [`${name}: medians differ by`, Math.abs(share)],
        [`${name}: margin`, margin],
        [`${name}: classifier`, accuracy],
      ]),
    ),
  };
}
