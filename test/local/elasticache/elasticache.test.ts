/** Serverless caches over the real SDK, and over TLS with the client and the tokens that functions use. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import {
  type CacheUsageLimits,
  DescribeServerlessCachesCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
  ModifyServerlessCacheCommand,
} from "@aws-sdk/client-elasticache";
import { measureCache } from "../../../adapters/cloudwatch/cache-measurements.ts";
import { serverlessCacheOn } from "../../../adapters/elasticache/serverless-cache.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import { valkeyAnswerStore } from "../../../adapters/valkey/answer-store.ts";
import { createValkeyClient, type ValkeyClient } from "../../../adapters/valkey/client.ts";
import { connectToken } from "../../../adapters/valkey/connect-token.ts";
import { createCloudWatchSimulator } from "../../../local/cloudwatch/simulator.ts";
import { createElastiCacheSimulator, type ElastiCacheSimulator } from "../../../local/elasticache/simulator.ts";
import { answerStoreSuite } from "../../contract/answer-store.suite.ts";
import {
  ACCOUNT_ID,
  type ClientConfiguration,
  REGION,
  type RunningEndpoint,
  startEndpoint,
} from "../endpoint/running-endpoint.ts";

const NAME = "farthing-local";
const arn = (kind: string, name = NAME) => `arn:aws:elasticache:${REGION}:${ACCOUNT_ID}:${kind}:${name}`;
const connect = (...resources: string[]) => [{ Effect: "Allow", Action: "elasticache:Connect", Resource: resources }];

let endpoint: RunningEndpoint;
let simulator: ElastiCacheSimulator;
let port: number;
const clients: ValkeyClient[] = [];

beforeAll(async () => {
  endpoint = await startEndpoint((context, access) => {
    const metrics = createCloudWatchSimulator(context);
    simulator = createElastiCacheSimulator(context, { access, metrics });
    return [simulator, metrics];
  });
  const user = { UserId: NAME, UserName: NAME, Engine: "valkey", AuthenticationMode: { Type: "iam" } };
  await endpoint.create("AWS::ElastiCache::User", "User", user);
  await endpoint.create("AWS::ElastiCache::User", "Other", { ...user, UserId: "other", UserName: "other" });
  await endpoint.create("AWS::ElastiCache::UserGroup", "Users", {
    UserGroupId: NAME,
    Engine: "valkey",
    UserIds: [NAME],
  });
  const { attributes } = await endpoint.create("AWS::ElastiCache::ServerlessCache", "Cache", {
    ServerlessCacheName: NAME,
    Engine: "valkey",
    MajorEngineVersion: "9",
    ConnectionType: "public",
    UserGroupId: NAME,
    CacheUsageLimits: { DataStorage: { Maximum: 1, Unit: "GB" }, ECPUPerSecond: { Maximum: 5000 } },
  });
  port = Number(attributes?.["Endpoint.Port"]);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await endpoint.stop();
});

interface Login {
  readonly as: ClientConfiguration;
  readonly user?: string;
  readonly cache?: string;
  readonly at?: number;
  readonly secret?: string;
}

function client({ as, user = NAME, cache = NAME, at = Date.now(), secret }: Login): ValkeyClient {
  const credentials = { ...as.credentials, ...(secret !== undefined && { secretAccessKey: secret }) };
  const made = createValkeyClient({
    address: { host: "127.0.0.1", port },
    tls: { ca: readFileSync(simulator.certificateFile() as string, "utf8") },
    login: () => ({ user, password: connectToken({ cache, user, region: REGION }, credentials, at) }),
    clock: systemClock,
  });
  clients.push(made);
  return made;
}

const ping = (login: Login) => client(login).ask("", ["GET", "a:x"]);
const allowed = () => endpoint.asRole(connect(arn("serverlesscache"), arn("user")), "serving");

test("a role that may connect to cache and user is let in", async () => {
  await expect(ping({ as: await allowed() })).resolves.toBeNull();
});

test.each([
  ["the user is not in its policy", connect(arn("serverlesscache"))],
  ["the cache is not in its policy", connect(arn("user"))],
  ["it may do nothing", []],
])("a role is kept out: %s", async (_, statements) => {
  await expect(ping({ as: await endpoint.asRole(statements, "kept-out") })).rejects.toThrow();
});

test("a token is kept out when it is old, forged, or for something else", async () => {
  const as = await allowed();
  const wrong: Omit<Login, "as">[] = [
    { at: Date.now() - 901_000 },
    { at: Date.now() + 600_000 },
    { secret: "wrong" },
    { cache: "another" },
    { user: "other" },
    { user: "nobody" },
  ];
  for (const login of wrong) await expect(ping({ as, ...login })).rejects.toThrow();
  await expect(ping({ as, at: Date.now() - 800_000 })).resolves.toBeNull();
  const reasons = endpoint.events.flatMap((event) => (event.type === "access-denied" ? [event.message] : []));
  expect(reasons.join("\n")).toMatch(
    /made 90\d{4} ms ago[^]*signature does not match[^]*not for farthing-local[^]*no user "other"/,
  );
});

test("nothing is answered before a login", async () => {
  const stranger = createValkeyClient({
    address: { host: "127.0.0.1", port },
    tls: { ca: readFileSync(simulator.certificateFile() as string, "utf8") },
    login: undefined,
    clock: systemClock,
  });
  clients.push(stranger);
  await expect(stranger.ask("", ["GET", "a:x"])).rejects.toThrow("NOAUTH");
});

describe("usage limits, through the SDK", () => {
  let elasticache: ElastiCacheClient;
  beforeAll(() => {
    elasticache = new ElastiCacheClient(endpoint.asOperator);
  });
  afterAll(() => elasticache.destroy());

  const change = (CacheUsageLimits: CacheUsageLimits) =>
    elasticache.send(new ModifyServerlessCacheCommand({ ServerlessCacheName: NAME, CacheUsageLimits }));
  const cache = async () => {
    const command = new DescribeServerlessCachesCommand({ ServerlessCacheName: NAME });
    return (await elasticache.send(command)).ServerlessCaches?.[0];
  };
  const settled = async () => {
    while ((await cache())?.Status !== "available") await sleep(100);
  };

  test("a change is taken, is on its way for a while, and no other is taken meanwhile", async () => {
    const { ServerlessCache } = await change({ ECPUPerSecond: { Minimum: 2000 } });
    expect(ServerlessCache).toMatchObject({
      Status: "modifying",
      CacheUsageLimits: { ECPUPerSecond: { Minimum: 2000 } },
    });
    await expect(change({ ECPUPerSecond: { Minimum: 3000 } })).rejects.toMatchObject({
      name: "InvalidServerlessCacheStateFault",
    });
    await settled();
    expect(await cache()).toMatchObject({
      ARN: arn("serverlesscache"),
      Status: "available",
      CacheUsageLimits: { DataStorage: { Maximum: 1, Unit: "GB" }, ECPUPerSecond: { Minimum: 2000, Maximum: 5000 } },
      Endpoint: { Address: "127.0.0.1", Port: port },
    });
  });

  test("0 takes a limit away; what is not named stays", async () => {
    await change({ ECPUPerSecond: { Minimum: 0 }, DataStorage: { Maximum: 3, Unit: "GB" } });
    const limits = (await cache())?.CacheUsageLimits;
    expect(limits?.ECPUPerSecond).toEqual({ Maximum: 5000 });
    expect(limits?.DataStorage).toEqual({ Maximum: 3, Unit: "GB" });
    await settled();
  });

  test.each<[string, CacheUsageLimits]>([
    ["below the least", { ECPUPerSecond: { Minimum: 999 } }],
    ["a minimum above the maximum", { ECPUPerSecond: { Minimum: 5001 } }],
    ["above the most", { DataStorage: { Maximum: 5001, Unit: "GB" } }],
    ["no unit", { DataStorage: { Maximum: 2 } as never }],
  ])("%s is refused", async (_, limits) => {
    await expect(change(limits)).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  });

  test("a cache that is not there is named", async () => {
    await expect(
      elasticache.send(new DescribeServerlessCachesCommand({ ServerlessCacheName: "none" })),
    ).rejects.toMatchObject({ name: "ServerlessCacheNotFoundFault", message: expect.stringContaining("none") });
    const { Users } = await elasticache.send(new DescribeUsersCommand({ UserId: NAME }));
    expect(Users).toMatchObject([{ UserId: NAME, Authentication: { Type: "iam" } }]);
  });

  test("the governor's own words for them", async () => {
    const governed = serverlessCacheOn(elasticache, NAME);
    await governed.change({ maxGb: 2, maxUnitsPerSecond: 9000, minUnitsPerSecond: 4000 });
    const inForce = { minGb: 0, maxGb: 2, minUnitsPerSecond: 4000, maxUnitsPerSecond: 9000 };
    expect(await governed.read()).toEqual({ status: "modifying", limits: inForce });
    await settled();
    await change({ DataStorage: { Maximum: 0, Unit: "GB" }, ECPUPerSecond: { Minimum: 0, Maximum: 0 } });
    const unlimited = { minGb: 0, maxGb: Infinity, minUnitsPerSecond: 0, maxUnitsPerSecond: Infinity };
    expect((await governed.read()).limits).toEqual(unlimited);
    await settled();
  });
});

test("what is asked of a cache and what it holds is measured, and found by the governor", async () => {
  const connection = client({ as: await allowed() });
  await simulator.publishMetrics();
  const cloudwatch = new CloudWatchClient(endpoint.asOperator);
  const source = { cache: NAME, minimum: { namespace: "Farthing", name: "min", dimensions: { cache: NAME } } };
  const measure = () => {
    const millis = Date.now() + 1000;
    return measureCache(cloudwatch, source, { millis, monthStartMillis: millis - 3_600_000 });
  };
  const sum = (values: readonly { readonly units?: number | undefined }[]) =>
    values.reduce((total, { units = 0 }) => total + units, 0);
  const before = await measure();
  await connection.ask("a:big", ["SET", "a:big", "x".repeat(100 * 1024), "PX", "60000"]);
  await connection.ask("a:big", ["GET", "a:big"]);
  await simulator.publishMetrics();
  const after = await measure();
  for (const kind of ["hours", "minutes"] as const) {
    const used = sum(after[kind]) - sum(before[kind]);
    expect(used).toBeGreaterThan(200);
    expect(used).toBeLessThan(210);
  }
  expect(after.hours.at(-1)?.peakGb).toBeGreaterThan((100 * 1024) / 1024 ** 3);
  expect(after.minutes.every(({ throttled }) => throttled === 0)).toBe(true);
  cloudwatch.destroy();
});

test("a role needs the permission for each call", async () => {
  const statements = [
    { Effect: "Allow", Action: "elasticache:DescribeServerlessCaches", Resource: arn("serverlesscache") },
  ];
  const elasticache = new ElastiCacheClient(await endpoint.asRole(statements, "governor"));
  const named = { ServerlessCacheName: NAME };
  await elasticache.send(new DescribeServerlessCachesCommand(named));
  await expect(elasticache.send(new ModifyServerlessCacheCommand(named))).rejects.toMatchObject({
    name: "AccessDenied",
  });
  elasticache.destroy();
});

describe("answers over TLS", () => {
  let as: ClientConfiguration;
  beforeAll(async () => {
    as = await allowed();
  });
  answerStoreSuite(() => ({
    open: () => valkeyAnswerStore(client({ as }), systemClock),
    async flush() {
      await client({ as }).ask("", ["FLUSHALL"]);
    },
  }));
});
