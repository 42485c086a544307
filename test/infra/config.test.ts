import config from "../../farthing.config.ts";
import { DEFAULTS, ENVIRONMENTS, parseConfig } from "../../infra/config.ts";
import { MAX_API_RESOURCES } from "../../infra/config-rules.ts";

const withDev = (dev: object) => ({ environments: { dev: { modelGroups: [{ name: "small" }], ...dev } } });

/** The message that a wrong `dev` environment ends in. */
function complaint(dev: object): string {
  try {
    parseConfig(withDev(dev));
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the configuration was accepted");
}

test("the delivered configuration is valid and has every environment", () => {
  expect(Object.keys(parseConfig(config).environments).sort()).toEqual([...ENVIRONMENTS].sort());
});

test("what is left out gets the documented defaults", () => {
  const dev = parseConfig(withDev({})).environments.dev;
  const { router, modelGroup, ...rest } = DEFAULTS;
  expect(dev).toEqual({ ...rest, router, modelGroups: [{ name: "small", models: [], preload: [], ...modelGroup }] });
});

test("prices default to us-east-1 and can be replaced", () => {
  const { priceBook } = parseConfig(withDev({}));
  expect(priceBook.region).toBe("us-east-1");
  const ours = { ...priceBook, region: "eu-central-1", kms: { ...priceBook.kms, keyMonth: 2 } };
  expect(parseConfig({ priceBook: ours, ...withDev({}) }).priceBook.kms.keyMonth).toBe(2);
  expect(() => parseConfig({ priceBook: { ...ours, kms: { keyMonth: 2 } }, ...withDev({}) })).toThrow(/priceBook\.kms/);
});

describe("a wrong field is named, with what is allowed", () => {
  test.each<[string, object, RegExp[]]>([
    ["a typo", { retentoin: 7 }, [/Unrecognized key: "retentoin"/, /at environments\.dev/]],
    ["a nested typo", { logs: { retention: 7 } }, [/"retention"/, /at environments\.dev\.logs/]],
    ["a retention that CloudWatch lacks", { logs: { retentionDays: 8 } }, [/7\|14\|30/, /logs\.retentionDays/]],
    ["an unknown architecture", { router: { architecture: "riscv" } }, [/"x86_64"\|"arm64"/, /router\.architecture/]],
    ["too much memory", { router: { memoryMb: 20_000 } }, [/<=10240/, /router\.memoryMb/]],
    ["a name of no group", { modelGroups: [{ name: "Small" }] }, [/lower-case/, /modelGroups\[0\]\.name/]],
    ["no group", { modelGroups: [] }, [/modelGroups/]],
    ["an account as a number", { account: 111122223333 }, [/expected string/, /account/]],
    ["a region that cannot be", { region: "frankfurt" }, [/eu-central-1/, /region/]],
    ["a rate that WAF refuses", { waf: { requestsPerFiveMinutes: 5 } }, [/waf/]],
    ["a model's name", { modelGroups: [{ name: "a", models: ["Bad Name"] }] }, [/modelGroups\[0\]\.models\[0\]/]],
    [
      "a certificate",
      { domain: { domainName: "a.example.com", certificateArn: "x" } },
      [/ACM/, /domain\.certificateArn/],
    ],
  ])("%s", (_, dev, patterns) => {
    for (const pattern of patterns) expect(complaint(dev)).toMatch(pattern);
  });

  test("an environment that does not exist", () => {
    expect(() => parseConfig({ environments: { production: {} } })).toThrow(/production/);
  });
});

describe("what must fit together", () => {
  test.each<[string, object, RegExp]>([
    [
      "two groups of one name",
      { modelGroups: [{ name: "a" }, { name: "a" }] },
      /"a" is taken.*\n.*modelGroups\[1\]\.name/,
    ],
    ["a group named router", { modelGroups: [{ name: "router" }] }, /"router" is taken by the router's own deployment/],
    [
      "a group named governor",
      { modelGroups: [{ name: "governor" }] },
      /"governor" is taken by the function of Farthing's own/,
    ],
    ["a group named reconciler", { modelGroups: [{ name: "reconciler" }] }, /"reconciler" is taken by the function/],
    [
      "a model in two groups",
      {
        modelGroups: [
          { name: "a", models: ["m"] },
          { name: "b", models: ["m"] },
        ],
      },
      /"m" already has its route to group "a"/,
    ],
    [
      "a preload from elsewhere",
      { modelGroups: [{ name: "a", models: ["m"], preload: ["n"] }] },
      /"n" is not among .*: m/,
    ],
    [
      "a held group that is not there",
      { router: { holds: "b" }, modelGroups: [{ name: "a" }] },
      /"b" is no model group; there is a/,
    ],
    [
      "a router less patient than its groups",
      { router: { timeoutSeconds: 60 }, modelGroups: [{ name: "a", timeoutSeconds: 60 }] },
      /60 s is not longer than the 60 s of group "a"/,
    ],
    [
      "a certificate of another region",
      {
        region: "eu-central-1",
        domain: {
          domainName: "a.example.com",
          certificateArn: "arn:aws:acm:us-east-1:111122223333:certificate/0a1b",
        },
      },
      /the certificate is in us-east-1; a regional endpoint needs one in eu-central-1/,
    ],
    ["the host's architecture in an account", { router: { architecture: "host" } }, /"host" is for local and onprem/],
  ])("%s is refused", (_, dev, pattern) => {
    expect(complaint(dev)).toMatch(pattern);
  });

  test("a router that holds the slow group need not wait for it", () => {
    const dev = { router: { timeoutSeconds: 60, holds: "a" }, modelGroups: [{ name: "a", timeoutSeconds: 60 }] };
    expect(parseConfig(withDev(dev)).environments.dev?.router.holds).toBe("a");
  });

  test("more models than the API has room for are refused with the sum", () => {
    const models = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
    expect(parseConfig(withDev({ modelGroups: [{ name: "a", models: models(146) }] })).environments.dev).toBeDefined();
    expect(complaint({ modelGroups: [{ name: "a", models: models(147) }] })).toContain(
      `147 models with routes of their own need 7 + 2 × 147 = 301 API resources; API Gateway allows ${MAX_API_RESOURCES}`,
    );
  });
});
