/** Serverless caches over the real SDK, and over TLS with the client and the tokens that functions use. */
import { readFileSync } from "node:fs";
import {
  DescribeServerlessCachesCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
  ModifyServerlessCacheCommand,
} from "@aws-sdk/client-elasticache";
import { systemClock } from "../../../adapters/system-clock.ts";
import { valkeyAnswerStore } from "../../../adapters/valkey/answer-store.ts";
import { createValkeyClient, type ValkeyClient } from "../../../adapters/valkey/client.ts";
import { connectToken } from "../../../adapters/valkey/connect-token.ts";
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
    simulator = createElastiCacheSimulator(context, { access });
    return [simulator];
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

test("usage limits are told and changed through the SDK, and held to what the service takes", async () => {
  const elasticache = new ElastiCacheClient(endpoint.asOperator);
  const limits = (ecpuMinimum: number) =>
    elasticache.send(
      new ModifyServerlessCacheCommand({
        ServerlessCacheName: NAME,
        CacheUsageLimits: { ECPUPerSecond: { Minimum: ecpuMinimum } },
      }),
    );
  await limits(2000);
  const { ServerlessCaches } = await elasticache.send(
    new DescribeServerlessCachesCommand({ ServerlessCacheName: NAME }),
  );
  expect(ServerlessCaches).toMatchObject([
    {
      ARN: arn("serverlesscache"),
      Status: "available",
      CacheUsageLimits: { DataStorage: { Maximum: 1, Unit: "GB" }, ECPUPerSecond: { Minimum: 2000, Maximum: 5000 } },
      Endpoint: { Address: "127.0.0.1", Port: port },
    },
  ]);
  for (const minimum of [999, 5001])
    await expect(limits(minimum)).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  await expect(
    elasticache.send(new DescribeServerlessCachesCommand({ ServerlessCacheName: "none" })),
  ).rejects.toMatchObject({ name: "ServerlessCacheNotFoundFault" });
  const { Users } = await elasticache.send(new DescribeUsersCommand({ UserId: NAME }));
  expect(Users).toMatchObject([{ UserId: NAME, Authentication: { Type: "iam" } }]);
  elasticache.destroy();
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
