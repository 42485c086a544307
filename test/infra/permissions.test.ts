import { assembly, resources, type SynthesisedResource } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly NotAction?: unknown;
  readonly NotResource?: unknown;
  readonly Principal?: unknown;
}

/** The only statements with a wildcard resource, each with what makes it necessary. */
const WILDCARD_RESOURCES: Readonly<Record<string, string>> = {
  SendTraces: "X-Ray's Put actions know no resources",
  ReadMetrics: "CloudWatch's metrics have no ARNs",
  WriteApiLogs: "the account's one role for the logs of every API of the region; API Gateway refuses less",
  RunOwnInstances:
    "instances, disks and interfaces come into being by themselves; a condition holds them to Lambda's own",
  Describe: "EC2's Describe actions know no resources",
  LaunchAmazonImages: "Lambda chooses the image; a condition holds it to Amazon's",
  AttachToNetwork:
    "interfaces in a network come into being by themselves, and Lambda asks for the permission on everything",
  SignInToRegistry: "ECR's sign-in knows no resources",
  ReadWeights: "the files of one model, whose names its repository chose",
  ReadAsyncRequests: "requests that wait in a queue, each under an id of its own; one folder of one model",
  WriteAsyncResults: "their answers, in two folders of one model",
  WriteQueuedRequests: "requests that wait in a queue, each under an id of its own; one folder of each model",
  ReadQueuedAnswers: "their answers, in two folders of each model",
  KeepAnswers: "answers of requests with an Idempotency-Key, each under a random token",
  KeepFiles: "customers' files have ids that come into being with each upload; files/ of one bucket only",
  ReadModels: "files are named by digests that come into being with each publish; blobs/ and manifests/ only",
};

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/** Every document with statements, wherever in a resource it stands. */
function policyDocuments(value: unknown): readonly { readonly Statement: readonly Statement[] }[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "Statement" in value && Array.isArray(value.Statement) ? [value as { Statement: Statement[] }] : [];
  return [...own, ...Object.values(value).flatMap(policyDocuments)];
}

const statementsOf = (resource: SynthesisedResource): readonly Statement[] =>
  policyDocuments(resource.Properties).flatMap(({ Statement }) => Statement);

const allowed = (variant: string) =>
  resources(assembly(variant)).flatMap((resource) =>
    statementsOf(resource)
      .filter(({ Effect }) => Effect === "Allow")
      .map((statement) => ({ resource, statement })),
  );

describe.each(VARIANTS.map(({ name }) => name))("%s", (variant) => {
  test("there are statements to check", () => {
    expect(allowed(variant).length).toBeGreaterThanOrEqual(8);
  });

  test("no allowed action has a wildcard, none is given by exclusion", () => {
    const wrong = allowed(variant).filter(
      ({ statement }) =>
        statement.NotAction !== undefined ||
        statement.NotResource !== undefined ||
        list(statement.Action).some((action) => action.includes("*")),
    );
    expect(wrong).toEqual([]);
  });

  test("a wildcard resource stands only in the statements that are named here with a reason", () => {
    const wrong = allowed(variant)
      .filter(({ statement }) => JSON.stringify(statement.Resource ?? "").includes("*"))
      .filter(({ statement }) => !(statement.Sid !== undefined && statement.Sid in WILDCARD_RESOURCES));
    expect(wrong).toEqual([]);
  });

  test("reading models is open for two folders and one action", () => {
    const statements = allowed(variant).filter(({ statement }) => statement.Sid === "ReadModels");
    expect(statements.length).toBeGreaterThan(0);
    for (const { statement } of statements) {
      expect(statement.Action).toBe("s3:GetObject");
      const ends = (statement.Resource as { "Fn::Join": [string, unknown[]] }[]).map((r) => r["Fn::Join"][1].at(-1));
      expect(ends).toEqual(["/blobs/*", "/manifests/*"]);
    }
  });

  test("no managed policy, no policy beside a role's own", () => {
    const roles = resources(assembly(variant), "AWS::IAM::Role");
    expect(roles.filter(({ Properties }) => Properties?.ManagedPolicyArns !== undefined)).toEqual([]);
    expect(resources(assembly(variant), "AWS::IAM::Policy")).toEqual([]);
    expect(resources(assembly(variant), "AWS::IAM::ManagedPolicy")).toEqual([]);
  });

  test("every function has a role of its own, which only Lambda may take", () => {
    const functions = resources(assembly(variant), "AWS::Lambda::Function");
    const roleIds = functions.map(
      ({ Properties }) => (Properties?.Role as { "Fn::GetAtt": [string] })["Fn::GetAtt"][0],
    );
    expect(new Set(roleIds).size).toBe(functions.length);
    for (const id of roleIds) {
      const role = resources(assembly(variant), "AWS::IAM::Role").find((candidate) => candidate.id === id);
      expect(role?.Properties?.AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } }],
      });
    }
  });
});

/** Sid → statement of one function's role. */
function roleOf(variant: string, deployment: string): Readonly<Record<string, Statement>> {
  const all = resources(assembly(variant));
  const holder = all.find(
    ({ Type, Properties }) =>
      Type === "AWS::Lambda::Function" &&
      (Properties?.Environment as { Variables: Record<string, unknown> }).Variables.FARTHING_DEPLOYMENT === deployment,
  );
  const roleId = (holder?.Properties?.Role as { "Fn::GetAtt": [string] })["Fn::GetAtt"][0];
  const role = all.find(({ id }) => id === roleId) as SynthesisedResource;
  const statements = statementsOf({ Type: role.Type, Properties: { Policies: role.Properties?.Policies } });
  return Object.fromEntries(statements.map((statement) => [statement.Sid ?? "", statement]));
}

describe("what each deployment may do", () => {
  const SERVING = {
    ReadRegistry: ["dynamodb:GetItem", "dynamodb:Query"],
    ReadTenants: ["dynamodb:GetItem"],
    WriteBudgets: ["dynamodb:PutItem"],
    ReadUsage: ["dynamodb:Query"],
    RecordRequests: ["dynamodb:GetItem", "dynamodb:PutItem"],
    KeepAnswers: ["s3:GetObject", "s3:PutObject"],
    WriteOwnLog: ["logs:CreateLogStream", "logs:PutLogEvents"],
    SendTraces: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
  };
  const JOBS = {
    KeepJobs: ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
    StartJobs: ["lambda:InvokeFunction"],
    SweepStreams: ["dynamodb:Query"],
    KeepFiles: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
  };
  const actions = (variant: string, deployment: string) =>
    Object.fromEntries(
      Object.entries(roleOf(variant, deployment)).map(([sid, { Action }]) => [sid, [...list(Action)].sort()]),
    );

  test("into the tenants table only budgets are written", () => {
    const { WriteBudgets } = roleOf("prod", "small") as Record<string, Statement & { readonly Condition?: unknown }>;
    expect(WriteBudgets?.Condition).toEqual({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["budget#*"] } });
  });

  test("a group reads state and models, and writes its log and traces", () => {
    expect(actions("prod", "small")).toEqual({ ...SERVING, ReadModels: ["s3:GetObject"] });
  });

  test("a router without models reads no model, and calls the groups' functions and nothing else", () => {
    expect(actions("prod", "router")).toEqual({
      ...SERVING,
      ...JOBS,
      CallModelGroups: ["lambda:InvokeFunction"],
    });
    const groups = resources(assembly("prod"), "AWS::Lambda::Function").filter(({ id }) => id.startsWith("Group"));
    const targets = roleOf("prod", "router").CallModelGroups?.Resource;
    expect([targets].flat()).toEqual(groups.map(({ id }) => ({ "Fn::GetAtt": [id, "Arn"] })));
  });

  test("a router that holds a group reads models too, and calls itself for jobs only", () => {
    expect(actions("everything", "router")).toEqual({
      ...SERVING,
      ...JOBS,
      ReadModels: ["s3:GetObject"],
      CallModelGroups: ["lambda:InvokeFunction"],
      ReadUpstreamSecrets: ["secretsmanager:GetSecretValue"],
    });
    const targets = roleOf("everything", "router").CallModelGroups?.Resource as { "Fn::GetAtt": [string, string] }[];
    expect(targets.map((target) => target["Fn::GetAtt"][0]).sort()).toEqual(
      resources(assembly("everything"), "AWS::Lambda::Function")
        .map(({ id }) => id)
        .filter((id) => id.startsWith("Group"))
        .sort(),
    );
  });

  test("without tracing nobody may send traces", () => {
    expect(Object.keys(actions("local", "small"))).not.toContain("SendTraces");
  });

  test("each writes to its own log group only", () => {
    for (const deployment of ["router", "small"]) {
      const [groupId] = (roleOf("prod", deployment).WriteOwnLog?.Resource as { "Fn::GetAtt": [string] })["Fn::GetAtt"];
      const group = resources(assembly("prod"), "AWS::Logs::LogGroup").find(({ id }) => id === groupId);
      expect(group?.Properties?.LogGroupName).toBe(`/farthing/prod/${deployment}`);
    }
  });
});
