import { idleCost } from "../../core/pricing/deployment-cost.ts";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { assembly, resources } from "./assembly.ts";

const ofType = (variant: string, type: string) => resources(assembly(variant), `AWS::${type}`);
const NAME = "farthing-prod";

test("a cache is public, of Valkey 9, bounded, and open to one user who logs in by IAM", () => {
  expect(ofType("instances", "ElastiCache::ServerlessCache").map(({ Properties }) => Properties)).toMatchObject([
    {
      ServerlessCacheName: NAME,
      Engine: "valkey",
      MajorEngineVersion: "9",
      ConnectionType: "public",
      // What a month of 400 USD allows at every hour; its governor may go up to 10 GB (planned-cache.test.ts).
      CacheUsageLimits: { DataStorage: { Maximum: 4, Unit: "GB" }, ECPUPerSecond: { Maximum: 20_000 } },
    },
  ]);
  const [user, ...others] = ofType("instances", "ElastiCache::User");
  expect(others).toEqual([]);
  expect(user?.Properties).toMatchObject({ UserId: NAME, UserName: NAME, AuthenticationMode: { Type: "iam" } });
  const access = String(user?.Properties?.AccessString);
  expect(access).toMatch(/^on ~a:\* ~f:\* -@all /);
  expect(access).not.toMatch(/\+@|flush|keys|scan|config/);
});

test("every function learns of it, and may log in: as that user, at that cache, and nothing else of ElastiCache", () => {
  const serving = ofType("instances", "Lambda::Function").filter(({ Properties }) =>
    JSON.stringify(Properties).includes("FARTHING_DEPLOYMENT"),
  );
  expect(serving.length).toBeGreaterThan(1);
  for (const { Properties } of serving) {
    const { Variables } = Properties?.Environment as { readonly Variables: Record<string, unknown> };
    expect(JSON.stringify(Variables.FARTHING_CACHE)).toContain(JSON.stringify(NAME).replaceAll('"', '\\"'));
  }
  const roles = ofType("instances", "IAM::Role").filter(({ stack }) => stack !== "governor");
  const statements = roles.flatMap(({ Properties }) =>
    (
      (Properties?.Policies ?? []) as { PolicyDocument: { Statement: { Action: unknown; Resource: unknown }[] } }[]
    ).flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
  );
  const connecting = statements.filter(({ Action }) => JSON.stringify(Action).includes("elasticache"));
  expect(connecting).toHaveLength(serving.length);
  for (const { Action, Resource } of connecting) {
    expect(Action).toBe("elasticache:Connect");
    const ends = (Resource as { "Fn::Join": [string, string[]] }[]).map((arn) => arn["Fn::Join"][1].at(-1));
    expect(ends).toEqual([`:serverlesscache:${NAME}`, `:user:${NAME}`].map((end) => expect.stringContaining(end)));
  }
});

test("without one nothing of it is there", () => {
  for (const type of ["ServerlessCache", "User", "UserGroup"])
    expect(ofType("prod", `ElastiCache::${type}`)).toEqual([]);
});

test("what it costs while nobody asks stands in the table", () => {
  const cost = idleCost(Object.values(assembly("instances").templates), usEast1);
  const line = cost.lines.find(({ item }) => item.startsWith("cache"));
  // 100 MB at the least: https://aws.amazon.com/elasticache/pricing/
  expect(line?.usd).toBeCloseTo(0.1 * 0.084 * 730, 1);
});
