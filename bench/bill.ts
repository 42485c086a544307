/**
 * What a million requests cost on AWS, line by line: durations, log bytes and answers as measured here, memory sizes and
 * features as synthesised for prod, prices from the price book. No free tier; idle costs are printed by `cdk synth`.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  type InvocationScenario,
  type RequestScenario,
  requestCost,
  type Template,
} from "../core/pricing/deployment-cost.ts";
import { usEast1 } from "../core/pricing/price-book.ts";
import { platformClient } from "./deployed-function.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { type ApiRequest, measuredModels } from "./measured-models.ts";
import { median } from "./measurement.ts";
import type { Report } from "./report.ts";

const root = resolve(import.meta.dirname, "..");
const REQUESTS = 200;
const REQUESTS_PER_MONTH = 10_000_000;
/** How often one environment is asked; the registry is read again every 2 s, a key every 60 s, each read one unit. */
const REQUESTS_PER_SECOND = 1;
const READ_UNITS = (1 / 2 + 1 / 60) / REQUESTS_PER_SECOND;
/** X-Ray's default rule: one request a second and 5 % of the rest. */
const TRACED_SHARE = 0.05;
/** Four metrics, for the service and for the model. */
const CUSTOM_METRICS = 8;

interface Measured {
  readonly responseBytes: number;
  readonly accessLogBytes: number;
  readonly logBytes: number;
  readonly billedMillis: number;
}

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  try {
    const [digits] = await measuredModels(platform, ["digits"]);
    const sentence: ApiRequest = {
      path: "/v1/embeddings",
      headers: {},
      bodyBase64: Buffer.from(
        JSON.stringify({ model: "sentences", input: "A farthing is a quarter of a penny" }),
      ).toString("base64"),
    };
    const direct = await measure(platform, digits?.requests.json as ApiRequest, "small");
    const routed = await measure(platform, sentence, "router");
    const templates = synthesize(platform.stateDirectory);
    const invocation = (deployment: string, { billedMillis, logBytes }: Measured): InvocationScenario => ({
      deployment,
      billedMillis,
      logBytes,
    });
    const scenarios: Readonly<Record<string, RequestScenario>> = {
      direct: { ...scenarioOf(direct), invocations: [invocation("small", direct)] },
      // The router waits for as long as the group computes: both are billed for it. Only the router writes a usage line.
      routed: {
        ...scenarioOf(routed),
        invocations: [invocation("router", routed), { ...invocation("small", routed), logBytes: 0 }],
        dynamoDbReadUnits: READ_UNITS * 2,
      },
    };
    return report(templates, scenarios);
  } finally {
    await platform.stop();
  }
}

const scenarioOf = ({ responseBytes, accessLogBytes }: Measured): Omit<RequestScenario, "invocations"> => ({
  requestsPerMonth: REQUESTS_PER_MONTH,
  responseBytes,
  accessLogBytes,
  dynamoDbReadUnits: READ_UNITS,
  dynamoDbWriteUnits: 0,
  s3Reads: 0,
  cacheProcessingUnits: 0,
  customMetrics: CUSTOM_METRICS,
  tracedShare: TRACED_SHARE,
});

async function measure(platform: LocalPlatform, request: ApiRequest, deployment: string): Promise<Measured> {
  const since = Date.now();
  let responseBytes = 0;
  for (let i = 0; i < REQUESTS; i++) responseBytes += await answerBytes(platform, request);
  const client = new CloudWatchLogsClient(platformClient(platform));
  const messages = async (group: string, filterPattern?: string) => {
    const { events = [] } = await client.send(
      new FilterLogEventsCommand({
        logGroupName: `/farthing/local/${group}`,
        startTime: since,
        limit: REQUESTS,
        filterPattern,
      }),
    );
    return events.map(({ message = "" }) => message);
  };
  const usage = await messages(deployment, '{ $.usage = "farthing.usage/1" }');
  const access = await messages("access");
  client.destroy();
  const durations = usage.map((line) => (JSON.parse(line) as { durationMillis: number }).durationMillis);
  return {
    responseBytes: responseBytes / REQUESTS,
    accessLogBytes: median(access.map((line) => Buffer.byteLength(line))),
    logBytes: median(usage.map((line) => Buffer.byteLength(line))),
    billedMillis: Math.ceil(median(durations)),
  };
}

/** Bytes that leave for the caller: body and headers. */
async function answerBytes({ url, apiKey }: LocalPlatform, { path, headers, bodyBase64 }: ApiRequest): Promise<number> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, ...headers },
    body: Buffer.from(bodyBase64, "base64"),
  });
  const body = await response.arrayBuffer();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${Buffer.from(body).toString()}`);
  let bytes = body.byteLength;
  for (const [name, value] of response.headers) bytes += name.length + value.length + 4;
  return bytes;
}

function synthesize(directory: string): readonly Template[] {
  const out = join(directory, "prod");
  const { status, stderr } = spawnSync(process.execPath, ["infra/app.ts"], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify({ env: "prod" }) },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the CDK app ended with ${status}:\n${stderr}`);
  return globSync("*.template.json", { cwd: out }).map(
    (file) => JSON.parse(readFileSync(join(out, file), "utf8")) as Template,
  );
}

function report(templates: readonly Template[], scenarios: Readonly<Record<string, RequestScenario>>): Report {
  const costs = Object.entries(scenarios).map(
    ([name, scenario]) => [name, requestCost(templates, scenario, usEast1)] as const,
  );
  const rows = costs.flatMap(([name, { lines, usdPerMillion }]) => [
    ...lines.map(({ item, quantity, unit, usd }) => [
      `${name}: ${item}`,
      `${quantity.toPrecision(3)} ${unit}`,
      usd.toFixed(3),
    ]),
    [`${name}: sum`, "", usdPerMillion.toFixed(3)],
  ]);
  const described = Object.entries(scenarios).map(
    ([name, { invocations, responseBytes }]) =>
      `${name}: ${invocations.map(({ deployment, billedMillis }) => `${deployment} ${billedMillis} ms`).join(" + ")}, answers of ${responseBytes.toFixed(0)} bytes.`,
  );
  return {
    title: "bill: USD per million requests in prod",
    columns: ["", "quantity", "USD"],
    rows,
    notes: [
      ...described,
      "direct: digits on its static route. routed: an embedding on /v1, through the router.",
      `${REQUESTS_PER_MONTH / 1e6} M requests a month, ${REQUESTS_PER_SECOND} a second on each environment; prices of us-east-1, no free tier.`,
    ],
    figures: {
      bench: "bill",
      ...Object.fromEntries(
        costs.map(([name, { usdPerMillion }]) => [`${name}_usd_per_million`, Number(usdPerMillion.toFixed(3))]),
      ),
    },
  };
}
