import { idleCost, type RequestScenario, requestCost, type Template } from "../../../core/pricing/deployment-cost.ts";
import { MILLION, usEast1 } from "../../../core/pricing/price-book.ts";

/** Type and properties. */
type Row = readonly [string, Readonly<Record<string, unknown>>?];

const template = (...resources: readonly Row[]): Template => ({
  Resources: Object.fromEntries(resources.map(([Type, Properties = {}], index) => [`R${index}`, { Type, Properties }])),
});

const servingFunction = (deployment: string, memory: number, architecture: string, tracing?: string) =>
  [
    "AWS::Lambda::Function",
    {
      MemorySize: memory,
      Architectures: [architecture],
      Environment: { Variables: { FARTHING_DEPLOYMENT: deployment } },
      ...(tracing !== undefined && { TracingConfig: { Mode: tracing } }),
    },
  ] as const;

describe("idle", () => {
  const lines = (...resources: readonly Row[]) =>
    Object.fromEntries(idleCost([template(...resources)], usEast1).lines.map(({ item, usd }) => [item, usd]));

  test("a firewall costs by the ACL and by its rules", () => {
    expect(lines(["AWS::WAFv2::WebACL", { Rules: [{}, {}] }])).toEqual({ "WAF web ACL": 5, "WAF rules": 2 });
  });

  test("alarms cost by the metrics they look at, more with a period below a minute", () => {
    const alarms = lines(
      ["AWS::CloudWatch::Alarm", { Period: 300 }],
      ["AWS::CloudWatch::Alarm", { Metrics: [{}, {}, {}] }],
      ["AWS::CloudWatch::Alarm", { Period: 10 }],
    );
    expect(alarms.alarms).toBeCloseTo(0.4, 10);
    expect(alarms["high-resolution alarms"]).toBeCloseTo(0.3, 10);
  });

  test("an API cache is billed by the hour, and one of no known size is refused", () => {
    const cached = (size: string) =>
      ["AWS::ApiGateway::Stage", { CacheClusterEnabled: true, CacheClusterSize: size }] as const;
    expect(lines(cached("1.6"))["API cache of 1.6 GB"]).toBeCloseTo(0.038 * 730, 6);
    expect(() => lines(cached("2"))).toThrow("the price book has no API cache of 2 GB");
  });

  test("storage is a line of 0 GB; point-in-time recovery only where it is on", () => {
    const table = (enabled: boolean) =>
      ["AWS::DynamoDB::Table", { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: enabled } }] as const;
    expect(Object.keys(lines(table(false)))).toEqual(["tables (DynamoDB, on demand)"]);
    expect(lines(table(true), ["AWS::Logs::LogGroup"], ["AWS::S3::Bucket"])).toEqual({
      "tables (DynamoDB, on demand)": 0,
      "point-in-time recovery": 0,
      "log storage": 0,
      "model files (S3)": 0,
    });
  });

  test("lines add up over templates, dearest first", () => {
    const cost = idleCost(
      [
        template(["AWS::KMS::Key"]),
        template(["AWS::KMS::Key"], ["AWS::CloudWatch::Dashboard"], ["AWS::Logs::LogGroup"]),
      ],
      usEast1,
    );
    expect(cost.lines.map(({ item, quantity, usd }) => [item, quantity, usd])).toEqual([
      ["dashboards", 1, 3],
      ["KMS keys", 2, 2],
      ["log storage", 0, 0],
    ]);
    expect(cost.usdPerMonth).toBe(5);
  });

  test("a type without a price is named, never taken as free", () => {
    const cost = idleCost([template(["AWS::EC2::Instance"], ["AWS::IAM::Role"])], usEast1);
    expect(cost.unknownTypes).toEqual(["AWS::EC2::Instance"]);
    expect(cost.usdPerMonth).toBe(0);
  });
});

describe("a million requests", () => {
  const deployed = [
    template(servingFunction("router", 512, "arm64", "Active"), servingFunction("small", 1769, "x86_64", "Active")),
    template(["AWS::ApiGateway::RestApi"], ["AWS::WAFv2::WebACLAssociation"]),
  ];
  const scenario: RequestScenario = {
    requestsPerMonth: MILLION,
    responseBytes: 1024,
    invocations: [
      { deployment: "router", billedMillis: 10, logBytes: 1024 },
      { deployment: "small", billedMillis: 5, logBytes: 2048 },
    ],
    accessLogBytes: 512,
    dynamoDbReadUnits: 0.5,
    dynamoDbWriteUnits: 0,
    s3Reads: 0,
    cacheProcessingUnits: 2,
    customMetrics: 0,
    tracedShare: 0.05,
  };
  const bill = (change: Partial<RequestScenario> = {}, templates = deployed) => {
    const cost = requestCost(templates, { ...scenario, ...change }, usEast1);
    return { ...cost, usd: Object.fromEntries(cost.lines.map(({ item, usd }) => [item, usd])) };
  };

  test("costs, line by line, what a pocket calculator says", () => {
    const { usd, usdPerMillion, lines } = bill();
    const gb = MILLION / 1024 ** 3;
    const expected = {
      "API Gateway": 3.5,
      WAF: 0.6,
      "Lambda requests (router)": 0.2,
      "Lambda compute (router, 512 MB arm64)": 0.5 * 0.01 * MILLION * 0.0000133334,
      "Lambda requests (small)": 0.2,
      "Lambda compute (small, 1769 MB x86_64)": (1769 / 1024) * 0.005 * MILLION * 0.0000166667,
      "logs of the functions": 3072 * gb * 0.5,
      "access log": 512 * gb * 0.5,
      "DynamoDB reads": 0.5 * 0.125,
      "DynamoDB writes": 0,
      "S3 reads": 0,
      cache: 2 * 0.0023,
      "tracing (X-Ray)": 0.05 * 5,
      "custom metrics": 0,
      "data to the internet": 1024 * gb * 0.09,
    };
    expect(Object.keys(usd)).toEqual(Object.keys(expected));
    for (const [item, value] of Object.entries(expected)) expect(usd[item]).toBeCloseTo(value, 9);
    expect(usdPerMillion).toBeCloseTo(
      lines.reduce((sum, line) => sum + line.quantity * line.usdPerUnit, 0),
      12,
    );
  });

  test("memory and architecture come from the template, not from the scenario", () => {
    const arm = [template(servingFunction("small", 1769, "arm64"), ["AWS::ApiGateway::RestApi"])];
    const { usd } = bill({ invocations: [{ deployment: "small", billedMillis: 5, logBytes: 0 }] }, arm);
    expect(usd["Lambda compute (small, 1769 MB arm64)"]).toBeCloseTo((1769 / 1024) * 5000 * 0.0000133334, 9);
  });

  test("without firewall and tracing in the templates there is no such line", () => {
    const plain = [
      template(servingFunction("router", 512, "arm64"), servingFunction("small", 1769, "x86_64"), [
        "AWS::ApiGateway::RestApi",
      ]),
    ];
    expect(Object.keys(bill({}, plain).usd)).not.toEqual(expect.arrayContaining(["WAF"]));
    expect(Object.keys(bill({}, plain).usd)).not.toEqual(expect.arrayContaining(["tracing (X-Ray)"]));
  });

  test("cold starts are billed by their share", () => {
    const cold = { share: 0.01, initMillis: 500 };
    const { usd } = bill({ invocations: [{ deployment: "small", billedMillis: 5, logBytes: 0, cold }] });
    expect(usd["Lambda compute (small, 1769 MB x86_64)"]).toBeCloseTo((1769 / 1024) * 0.01 * MILLION * 0.0000166667, 9);
  });

  test("an answer over 10 MB counts as several requests, and streams past 6 MB for money", () => {
    const streamedBytes = 25 * 1024 ** 2;
    const { usd } = bill({
      responseBytes: streamedBytes,
      invocations: [{ deployment: "small", billedMillis: 5, logBytes: 0, streamedBytes }],
    });
    expect(usd["API Gateway"]).toBeCloseTo(3 * 3.5, 9);
    expect(usd["Lambda streaming (small)"]).toBeCloseTo(((19 * MILLION) / 1024) * 0.008, 6);
  });

  test("a busy month gets the cheaper tiers", () => {
    const { usd } = bill({ requestsPerMonth: 1000 * MILLION });
    expect(usd["API Gateway"]).toBeCloseTo((333 * 3.5 + 667 * 2.8) / 1000, 9);
  });

  test("metrics are paid by the month, so the more requests the less of each", () => {
    expect(bill({ customMetrics: 10 }).usd["custom metrics"]).toBeCloseTo(3, 9);
    expect(bill({ customMetrics: 10, requestsPerMonth: 100 * MILLION }).usd["custom metrics"]).toBeCloseTo(0.03, 9);
  });

  test.each<[string, Partial<RequestScenario>, string]>([
    [
      "a deployment that is not there",
      { invocations: [{ deployment: "large", billedMillis: 1, logBytes: 0 }] },
      'as "large"; there is router, small',
    ],
    ["no requests", { requestsPerMonth: 0 }, "requestsPerMonth must be above 0; received 0"],
    ["a share above 1", { tracedShare: 1.5 }, "tracedShare must be between 0 and 1; received 1.5"],
    ["less than nothing", { dynamoDbReadUnits: -1 }, "dynamoDbReadUnits must be 0 or more; received -1"],
    [
      "no number",
      { invocations: [{ deployment: "small", billedMillis: Number.NaN, logBytes: 0 }] },
      "small.billedMillis must be 0 or more",
    ],
  ])("%s is refused", (_, change, message) => {
    expect(() => bill(change)).toThrow(message);
  });
});
