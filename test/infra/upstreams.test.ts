import { idleCost } from "../../core/pricing/deployment-cost.ts";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { parseEnvironment } from "../../functions/inference/environment.ts";
import { parseConfig } from "../../infra/config.ts";
import { assembly, resources, type SynthesisedResource } from "./assembly.ts";

const ofType = (type: string) => resources(assembly("everything"), `AWS::${type}`);
const NAME = "farthing/prod/upstreams/rack";

const variablesOf = ({ Properties }: SynthesisedResource): Readonly<Record<string, string>> =>
  (Properties?.Environment as { readonly Variables: Readonly<Record<string, string>> }).Variables;

test("the router alone is told of them, as its code reads it", () => {
  const told = ofType("Lambda::Function").filter((one) => "FARTHING_UPSTREAMS" in (variablesOf(one) ?? {}));
  expect(told.map(({ id }) => id)).toEqual([expect.stringMatching(/^Router/)]);
  const variables = variablesOf(told[0] as SynthesisedResource);
  const { upstreams } = parseEnvironment({
    ...Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, typeof value === "string" ? value : "imported"]),
    ),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
  });
  expect(upstreams).toEqual([
    {
      name: "rack",
      url: "https://rack.example.com/v1",
      dialect: "vllm",
      onPremises: true,
      hasCopies: false,
      healthPath: "/models",
      maxConcurrent: 32,
      secret: NAME,
      models: { "far-chat": "org/far-chat", sentences: "org/sentences" },
    },
    {
      name: "elsewhere",
      url: "http://10.1.2.3:8000/v1",
      dialect: "openai",
      onPremises: false,
      hasCopies: false,
      healthPath: "/models",
      models: { "far-chat": "far" },
    },
  ]);
});

test("one secret, empty, for the one that needs it; the router may read its value and do nothing else to it", () => {
  const secrets = ofType("SecretsManager::Secret");
  expect(secrets.map(({ Properties }) => Properties)).toEqual([
    expect.objectContaining({ Name: NAME, Description: expect.stringContaining("farthing upstream secret rack") }),
  ]);
  expect(Object.keys(secrets[0]?.Properties ?? {})).not.toContain("GenerateSecretString");
  expect(Object.keys(secrets[0]?.Properties ?? {})).not.toContain("SecretString");
  const statements = ofType("IAM::Role").flatMap(({ id, Properties }) =>
    ((Properties?.Policies ?? []) as readonly { readonly PolicyDocument: { readonly Statement: readonly object[] } }[])
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter((statement) => JSON.stringify(statement).includes("secretsmanager"))
      .map((statement) => ({ id, ...statement })),
  );
  expect(statements).toEqual([
    expect.objectContaining({
      id: expect.stringMatching(/^Router/),
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
    }),
  ]);
  const resource = JSON.stringify((statements[0] as unknown as { readonly Resource: unknown }).Resource);
  expect(resource).toContain(`:secretsmanager:eu-central-1:111122223333:secret:${NAME}-??????`);
});

test("a secret costs what the book says, asleep or not", () => {
  const { lines } = idleCost(Object.values(assembly("everything").templates), usEast1);
  expect(lines).toContainEqual(
    expect.objectContaining({ item: "secrets (keys of upstreams)", quantity: 1, usdPerUnit: 0.4 }),
  );
});

describe("what cannot be is refused at synth", () => {
  const complaint = (upstreams: readonly object[], environment: "dev" | "onprem" = "dev"): string => {
    try {
      parseConfig({ environments: { [environment]: { modelGroups: [{ name: "small" }], upstreams } } });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const rack = { name: "rack", url: "https://rack.example.com/v1", models: { m: "m" } };

  test.each([
    ["https", "https://rack.example.com/v1"],
    ["a private address", "http://192.168.4.5:8000/v1"],
    ["a private IPv6 address", "http://[fd12::1]:8000"],
    ["the last of its range", "http://172.31.255.255/v1"],
  ])("%s is taken", (_, url) => {
    expect(complaint([{ ...rack, url }])).toBe("");
  });

  test.each([
    ["plain HTTP to the world", "http://rack.example.com/v1", "rack.example.com needs https:"],
    ["plain HTTP to a public address", "http://8.8.8.8/v1", "8.8.8.8 needs https:"],
    ["beyond the private range", "http://172.32.0.1/v1", "needs https:"],
    ["a name that looks private", "http://10.example.com/v1", "needs https:"],
    ["another protocol", "ftp://10.0.0.1/", "https:, not ftp:"],
    ["no URL", "rack", "a URL, such as"],
    ["a key in the address", "https://u:sk-1@rack.example.com", "the key belongs in the secret"],
    ["a query", "https://rack.example.com/v1?key=1", "without query"],
  ])("%s is not", (_, url, message) => {
    expect(complaint([{ ...rack, url }])).toContain(message);
  });

  test("this machine is the server's only where the functions run on it", () => {
    const url = "http://127.0.0.1:11434/v1";
    expect(complaint([{ ...rack, url }], "onprem")).toBe("");
    expect(complaint([{ ...rack, url }])).toContain("127.0.0.1 is the function itself once it is deployed");
  });

  test("a name has one meaning", () => {
    for (const name of ["router", "small"]) expect(complaint([{ ...rack, name }])).toContain(`"${name}" is taken`);
    expect(complaint([rack, rack])).toContain('"rack" is taken');
    expect(complaint([{ ...rack, models: {} }])).toContain("at least one model");
  });
});
