import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createIamSimulator } from "../../../local/iam/simulator.ts";
import type { LambdaOptions } from "../../../local/lambda/options.ts";
import { createLambdaSimulator, type LambdaSimulator } from "../../../local/lambda/simulator.ts";
import type { CreatedResource, Invocation, PlatformEvent, SimulatorContext } from "../../../local/simulator.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/lambda");
const ACCOUNT_ID = "123456789012";
export const MAY_WRITE_LOGS = [
  { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" },
] as const;

export interface RunningLambda {
  readonly lambda: LambdaSimulator;
  readonly iam: ReturnType<typeof createIamSimulator>;
  readonly context: SimulatorContext;
  readonly events: PlatformEvent[];
  /** `[group, line]` in the order of arrival. */
  readonly lines: [string, string][];
  readonly metricLines: string[];
  /** Where the fixtures were copied to, outside the repository. */
  readonly assets: string;
  create(type: string, properties: Record<string, unknown>, logicalId?: string): Promise<CreatedResource>;
  /** A function of the fixtures: `addFunction("echo")` handles with echo.handler. */
  addFunction(handler: string, properties?: Record<string, unknown>): Promise<string>;
  /** Buffered, the answer as text. */
  invoke(functionArn: string, event: unknown, responseMode?: Invocation["responseMode"]): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly functionError: string | undefined;
  readonly contentType: string | undefined;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of fixtures, looked into by the tests
  readonly json: any;
}

/** Lambda alone, with real IAM and sinks that remember. */
export async function startLambda(
  options: Partial<LambdaOptions> = {},
  statements: readonly object[] = MAY_WRITE_LOGS,
): Promise<RunningLambda> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "farthing-lambda-"));
  const assets = join(stateDirectory, "assets");
  cpSync(FIXTURES, assets, { recursive: true });
  const events: PlatformEvent[] = [];
  const lines: [string, string][] = [];
  const metricLines: string[] = [];
  const context: SimulatorContext = {
    environment: "local",
    region: "us-east-1",
    accountId: ACCOUNT_ID,
    stateDirectory,
    assetDirectory: (_bucket, key) => join(assets, key),
    awsEndpointUrl: "http://127.0.0.1:9",
    clock: Date.now,
    emit: (event) => events.push(event),
  };
  const iam = createIamSimulator(context);
  const lambda = createLambdaSimulator(context, {
    access: iam,
    logs: { append: (group, _stream, line) => lines.push([group, line]) },
    metrics: { ingestLogLine: (_group, line) => metricLines.push(line) },
    options: { concurrency: 4, parallelStarts: 2, ...options },
  });
  let resources = 0;
  const create: RunningLambda["create"] = async (type, properties, logicalId = `Resource${++resources}`) => {
    const behaviour = lambda.resources[type] ?? iam.resources[type];
    if (behaviour === undefined) throw new Error(`no simulator of ${type}`);
    return behaviour.create({ stack: "test", logicalId, type, properties });
  };
  const role = await create("AWS::IAM::Role", {
    RoleName: "function",
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
    },
    ...(statements.length === 0
      ? {}
      : { Policies: [{ PolicyName: "Inline", PolicyDocument: { Version: "2012-10-17", Statement: statements } }] }),
  });
  return {
    lambda,
    iam,
    context,
    events,
    lines,
    metricLines,
    assets,
    create,
    async addFunction(handler, properties = {}) {
      const { ref } = await create("AWS::Lambda::Function", {
        Code: { S3Bucket: "assets", S3Key: "." },
        Handler: handler.includes(".") ? handler : `${handler}.handler`,
        Runtime: "nodejs24.x",
        Role: role.attributes?.Arn,
        Timeout: 10,
        ...properties,
      });
      return ref;
    },
    async invoke(functionArn, event, responseMode = "buffered") {
      const result = await lambda.invoke({ functionArn, payload: Buffer.from(JSON.stringify(event)), responseMode });
      const chunks: Uint8Array[] = [];
      for await (const chunk of result.body) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString("utf8");
      return {
        functionError: result.functionError,
        contentType: result.contentType,
        text,
        get json() {
          return JSON.parse(text);
        },
      };
    },
    async stop() {
      await lambda.stop?.();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}
