import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type RunningLambda, startLambda } from "./running-lambda.ts";
import { isAlive, until } from "./waiting.ts";

let running: RunningLambda;

beforeAll(async () => {
  running = await startLambda();
});
afterAll(() => running.stop());

test("the function sees its event, its context and exactly Lambda's environment", async () => {
  process.env.FARTHING_TEST_LEAK = "leaked";
  const name = await running.addFunction("echo", {
    FunctionName: "echo",
    Environment: { Variables: { COLOUR: "blue" } },
    MemorySize: 256,
    Timeout: 7,
  });
  const { json } = await running.invoke(name, { environment: true, text: "grüße" });
  expect(json.event).toEqual({ environment: true, text: "grüße" });
  expect(json.context).toMatchObject({
    functionName: "echo",
    functionVersion: "$LATEST",
    memoryLimitInMB: "256",
    invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:echo",
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    logGroupName: "/aws/lambda/echo",
  });
  expect(json.context.remainingMillis).toBeGreaterThan(5000);
  expect(json.context.remainingMillis).toBeLessThanOrEqual(7000);
  expect(Object.keys(json.environment).sort()).toEqual(
    [
      ...["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV"],
      ...["AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"],
      ...["AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"],
      ...["AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
      ...["AWS_XRAY_CONTEXT_MISSING", "COLOUR", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "LANG", "LD_LIBRARY_PATH"],
      ...["NODE_PATH", "PATH", "TMPDIR", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID"],
    ].sort(),
  );
  expect(json.environment).toMatchObject({
    COLOUR: "blue",
    AWS_REGION: "us-east-1",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    TZ: ":UTC",
    LAMBDA_TASK_ROOT: running.assets,
  });
  expect(json.environment._X_AMZN_TRACE_ID).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/);
  expect(json.directory).toBe(running.assets);
  expect(running.iam.callerOf(json.environment.AWS_ACCESS_KEY_ID)).toEqual({
    type: "role",
    roleArn: "arn:aws:iam::123456789012:role/function",
    sessionName: "echo",
    function: { arn: "arn:aws:lambda:us-east-1:123456789012:function:echo", network: undefined },
  });
});

test("an environment is used again, one request after the other", async () => {
  const name = await running.addFunction("echo");
  const answers = [];
  for (let index = 0; index < 4; index++) answers.push((await running.invoke(name, {})).json);
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1);
  expect(answers.map(({ invocations }) => invocations)).toEqual([1, 2, 3, 4]);
});

test("between requests the environment is frozen", async () => {
  const name = await running.addFunction("faults");
  const { pid } = (await running.invoke(name, { fault: "none" })).json;
  await running.invoke(name, { fault: "work-after-answer" });
  await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
  const { ticks } = (await running.invoke(name, { fault: "ticks" })).json;
  expect(ticks).toBeLessThan(5);
});

test("CommonJS, nested exports and handlers below folders are found", async () => {
  const commonjs = await running.addFunction("commonjs.inner.handler");
  expect((await running.invoke(commonjs, {})).json).toEqual({ module: "commonjs" });
});

test("START, END and REPORT stand around what the function writes", async () => {
  const name = await running.addFunction("faults", { FunctionName: "logging" });
  await running.invoke(name, { fault: "flood-output", lines: 3, length: 2 });
  const lines = await linesOf("/aws/lambda/logging", (all) => all.some((line) => line.startsWith("REPORT")));
  expect(lines[0]).toMatch(/^INIT_START Runtime Version: nodejs:24\.local$/);
  expect(lines[1]).toMatch(/^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/);
  const id = lines[1]?.split(" ")[2];
  expect(lines.slice(2, 5).map((line) => line.split("\t").slice(1))).toEqual([
    [id, "INFO", "0 xx"],
    [id, "INFO", "1 xx"],
    [id, "INFO", "2 xx"],
  ]);
  expect(lines[5]).toBe(`END RequestId: ${id}`);
  expect(lines[6]).toMatch(
    new RegExp(
      `^REPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB\tMax Memory Used: \\d+ MB\tInit Duration: [\\d.]+ ms\t$`,
    ),
  );
  const numbers = /Duration: ([\d.]+) ms\tBilled Duration: (\d+) ms.*Init Duration: ([\d.]+) ms/.exec(lines[6] ?? "");
  const [duration = 0, billed = 0, init = 0] = (numbers ?? []).slice(1).map(Number);
  expect(Math.abs(billed - (duration + init))).toBeLessThan(1.1);
  expect(running.metricLines.some((line) => line.includes("0 xx"))).toBe(true);
  expect(running.metricLines.some((line) => line.startsWith("REPORT"))).toBe(false);
});

test("JSON logging changes the runtime's and Lambda's own lines, and their levels", async () => {
  const LoggingConfig = { LogFormat: "JSON", LogGroup: "/custom/json", ApplicationLogLevel: "ERROR" };
  const name = await running.addFunction("faults", { LoggingConfig });
  await running.invoke(name, { fault: "flood-output", lines: 1, length: 2 });
  await running.invoke(name, { fault: "throw" });
  const lines = await linesOf(
    "/custom/json",
    (all) => all.filter((line) => line.includes("platform.report")).length === 2,
  );
  const records = lines.map((line) => JSON.parse(line));
  expect(records.filter(({ level }) => level === "INFO")).toEqual([]);
  expect(records.find(({ level }) => level === "ERROR")).toMatchObject({
    message: { errorType: "TypeError", errorMessage: "no such thing" },
    requestId: expect.any(String),
  });
  expect(records.find(({ type }) => type === "platform.report").record).toMatchObject({
    status: "success",
    metrics: { memorySizeMB: 128, initDurationMs: expect.any(Number) },
  });
});

test("a role that may not write logs writes none, and the function runs all the same", async () => {
  const silent = await startLambda({}, []);
  try {
    const name = await silent.addFunction("faults");
    expect((await silent.invoke(name, { fault: "flood-output", lines: 2 })).json).toEqual({ lines: 2 });
    await silent.invoke(name, { fault: "none" });
    expect(silent.lines).toEqual([]);
    expect(silent.metricLines).toEqual([]);
    expect(silent.events).toContainEqual({ type: "warning", message: expect.stringContaining("logs:CreateLogStream") });
  } finally {
    await silent.stop();
  }
});

test("layers lie on top of each other and are found through NODE_PATH", async () => {
  const layer = async (name: string, packages: readonly string[]) => {
    for (const path of packages) {
      const file = join(running.assets, "layers", name, path, "index.js");
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `module.exports = ${JSON.stringify({ from: name })};`);
    }
    const Content = { S3Bucket: "assets", S3Key: `layers/${name}` };
    return (await running.create("AWS::Lambda::LayerVersion", { Content })).ref;
  };
  const Layers = [
    await layer("lower", ["nodejs/node_modules/lower-only", "nodejs/node_modules/both"]),
    await layer("upper", ["nodejs/node_modules/both"]),
  ];
  const name = await running.addFunction("layered", { Layers });
  expect((await running.invoke(name, { package: "lower-only" })).json).toEqual({ from: "lower" });
  expect((await running.invoke(name, { package: "both" })).json).toEqual({ from: "upper" });
  expect((await running.invoke(name, { package: "zod" })).functionError).toBe("Unhandled");
});

test("versions keep what they were published with; aliases weigh them", async () => {
  const name = await running.addFunction("echo", {
    FunctionName: "versioned",
    Environment: { Variables: { COLOUR: "red" } },
  });
  const version = await running.create("AWS::Lambda::Version", { FunctionName: name });
  expect(version.attributes?.Version).toBe("1");
  const alias = await running.create("AWS::Lambda::Alias", { FunctionName: name, FunctionVersion: "1", Name: "live" });
  const { json } = await running.invoke(alias.ref, {});
  expect(json.context.functionVersion).toBe("1");
  expect(json.context.invokedFunctionArn).toBe("arn:aws:lambda:us-east-1:123456789012:function:versioned:live");
  await expect(running.invoke(`${name}:2`, {})).rejects.toMatchObject({
    status: 404,
    code: "ResourceNotFoundException",
  });
});

test("replaced code answers new requests; those under way end with the old", async () => {
  const name = await running.addFunction("faults", { FunctionName: "reloaded" });
  const before = (await running.invoke(name, { fault: "none" })).json.pid;
  const underWay = running.invoke(name, { fault: "none", sleepMillis: 300 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await running.lambda.replaceCode(name, `${running.assets}/revised`);
  const revised = await running.invoke(name, {});
  expect(revised.json).toEqual({ revision: 2 });
  expect((await underWay).json.pid).toBe(before);
  await until(() => !isAlive(before));
});

test("provisioned concurrency keeps environments warm", async () => {
  const warm = await startLambda({ idleMillis: 50 });
  try {
    const name = await warm.addFunction("echo");
    await warm.create("AWS::Lambda::Version", { FunctionName: name });
    await warm.create("AWS::Lambda::Alias", {
      FunctionName: name,
      FunctionVersion: "1",
      Name: "live",
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
    await warm.lambda.start?.();
    await new Promise((resolve) => setTimeout(resolve, 150));
    const { json } = await warm.invoke(`${name}:live`, { environment: true });
    expect(json.environment.AWS_LAMBDA_INITIALIZATION_TYPE).toBe("provisioned-concurrency");
    expect(warm.lines.filter(([, line]) => line.startsWith("INIT_START"))).toHaveLength(2);
    process.kill(json.pid, "SIGKILL");
    await until(() => warm.lines.filter(([, line]) => line.startsWith("INIT_START")).length === 3);
  } finally {
    await warm.stop();
  }
});

test("a role that Lambda may not assume is an error when the platform starts", async () => {
  const other = await startLambda();
  try {
    const role = await other.create("AWS::IAM::Role", {
      RoleName: "of-another-service",
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
      },
    });
    await other.addFunction("echo", { Role: role.attributes?.Arn });
    await expect(other.lambda.start?.()).rejects.toThrow(/cannot be assumed by lambda\.amazonaws\.com/);
  } finally {
    await other.stop();
  }
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ["a container image", { PackageType: "Image" }, /container images do not run here/],
  ["another language", { Runtime: "python3.13" }, /Runtime is "python3.13"; only Node.js runs here/],
  ["too little memory", { MemorySize: 64 }, /MemorySize/],
  ["too long a timeout", { Timeout: 901 }, /Timeout/],
  [
    "a reserved variable",
    { Environment: { Variables: { AWS_REGION: "eu" } } },
    /reserves or does not take: AWS_REGION/,
  ],
  [
    "too many variables",
    { Environment: { Variables: { LARGE: "x".repeat(4096) } } },
    /take 4\d+ bytes; Lambda allows 4096/,
  ],
  ["a layer of elsewhere", { Layers: ["arn:aws:lambda:us-east-1:1:layer:gone:1"] }, /no layer arn:\S+:layer:gone:1/],
  ["code that is a file", { Code: { S3Bucket: "assets", S3Key: "echo.mjs" } }, /expected a directory .* found a file/],
])("a template is refused with %s", async (_what, properties, message) => {
  await expect(running.addFunction("echo", properties)).rejects.toThrow(message);
});

async function linesOf(group: string, complete: (lines: string[]) => boolean): Promise<string[]> {
  const lines = () => running.lines.filter(([name]) => name === group).map(([, line]) => line);
  await until(() => complete(lines()));
  return lines();
}
