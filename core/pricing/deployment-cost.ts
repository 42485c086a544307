/**
 * What an environment costs AWS-side, from its synthesised templates and a price book: idle per month, and per million
 * requests. Pure, and list prices only: no free tier, no support plan, no taxes, no discount. Not what tenants are charged.
 */
import { type DeployedFunction, deployedFunctions } from "./deployed-functions.ts";
import { IDLE_PRICES } from "./idle-prices.ts";
import { MILLION, type PriceBook, tieredCost } from "./price-book.ts";
import type { InvocationScenario, RequestScenario } from "./request-scenario.ts";
import { propertyAt, resourcesOf, type Template } from "./template.ts";

export type { InvocationScenario, RequestScenario } from "./request-scenario.ts";
export type { Template } from "./template.ts";

export interface CostLine {
  readonly item: string;
  /** How many of `unit`: in a month for idle costs, for a million requests for request costs. */
  readonly quantity: number;
  readonly unit: string;
  /** Price of one unit; of a tiered price, the average over the month's quantity. */
  readonly usdPerUnit: number;
  /** quantity × usdPerUnit. */
  readonly usd: number;
}

export interface IdleCost {
  readonly lines: readonly CostLine[];
  readonly usdPerMonth: number;
  /** Resource types that no row of IDLE_PRICES knows: their cost is missing from the sum. */
  readonly unknownTypes: readonly string[];
}

export function idleCost(templates: readonly Template[], book: PriceBook): IdleCost {
  const lines = new Map<string, CostLine>();
  const unknownTypes = new Set<string>();
  for (const resource of resourcesOf(templates)) {
    const price = IDLE_PRICES[resource.Type];
    if (price === undefined) unknownTypes.add(resource.Type);
    for (const { item, quantity, unit, usdPerUnit } of price?.(resource, book, templates) ?? []) {
      const sum = (lines.get(item)?.quantity ?? 0) + quantity;
      lines.set(item, line(item, sum, unit, usdPerUnit));
    }
  }
  const sorted = [...lines.values()].sort((a, b) => b.usd - a.usd || a.item.localeCompare(b.item));
  return { lines: sorted, usdPerMonth: total(sorted), unknownTypes: [...unknownTypes].sort() };
}

export interface RequestCost {
  /** For a million requests of the scenario. */
  readonly lines: readonly CostLine[];
  readonly usdPerMillion: number;
}

/**
 * Cost of a million requests like the scenario's, where the month has `scenario.requestsPerMonth` of them. Idle costs are
 * not spread over them. Throws a RangeError for a deployment that no template has, or a quantity that cannot be.
 */
export function requestCost(templates: readonly Template[], scenario: RequestScenario, book: PriceBook): RequestCost {
  checkScenario(scenario);
  const lines = [
    ...gatewayLines(templates, scenario, book),
    ...scenario.invocations.flatMap((invocation) => invocationLines(templates, invocation, scenario, book)),
    ...logLines(scenario, book),
    ...stateLines(scenario, book),
    ...(tracingIsOn(templates)
      ? [line("tracing (X-Ray)", scenario.tracedShare, "M traces", book.xray.tracesRecordedPerM)]
      : []),
    line(
      "custom metrics",
      (scenario.customMetrics * MILLION) / scenario.requestsPerMonth,
      "metric months",
      book.cloudwatch.customMetricMonth,
    ),
    line("data to the internet", (scenario.responseBytes * MILLION) / BYTES_PER_GB, "GB", book.network.egressGb),
  ];
  return { lines, usdPerMillion: total(lines) };
}

/** AWS meters traffic, logs and memory in powers of two. */
const BYTES_PER_GB = 1024 ** 3;
const BYTES_PER_MB = 1024 ** 2;
const MB_PER_GB = 1024;
/** The part of a streamed answer that costs nothing extra: https://aws.amazon.com/lambda/pricing/ */
const FREE_STREAMED_BYTES = 6 * BYTES_PER_MB;

function gatewayLines(templates: readonly Template[], scenario: RequestScenario, book: PriceBook): CostLine[] {
  const { apiGateway, waf } = book;
  const perRequest = Math.max(1, Math.ceil(scenario.responseBytes / (apiGateway.restStreamMeterMB * BYTES_PER_MB)));
  const monthly = (scenario.requestsPerMonth * perRequest) / MILLION;
  const tiers = apiGateway.restPerM.map(([end, price]) => [end === null ? null : end / MILLION, price] as const);
  const lines = resourcesOf(templates, "AWS::ApiGateway::RestApi").map(() =>
    line("API Gateway", perRequest, "M requests", tieredCost(tiers, monthly) / monthly),
  );
  const firewalls = resourcesOf(templates, "AWS::WAFv2::WebACLAssociation");
  return [...lines, ...firewalls.map(() => line("WAF", 1, "M requests", waf.requestPerM))];
}

function invocationLines(
  templates: readonly Template[],
  invocation: InvocationScenario,
  scenario: RequestScenario,
  { lambda }: PriceBook,
): CostLine[] {
  const { deployment, billedMillis, cold, streamedBytes = 0 } = invocation;
  const { memoryMegabytes, architecture } = functionFacts(templates, deployment);
  const seconds = (billedMillis + (cold === undefined ? 0 : cold.share * cold.initMillis)) / 1000;
  const gbSeconds = (memoryMegabytes / MB_PER_GB) * seconds;
  const monthly = gbSeconds * scenario.requestsPerMonth;
  const usdPerGbSecond = monthly === 0 ? 0 : tieredCost(lambda.gbSecond[architecture], monthly) / monthly;
  const streamedGb = (Math.max(0, streamedBytes - FREE_STREAMED_BYTES) * MILLION) / BYTES_PER_GB;
  return [
    line(`Lambda requests (${deployment})`, 1, "M requests", lambda.requestPerM),
    line(
      `Lambda compute (${deployment}, ${memoryMegabytes} MB ${architecture})`,
      gbSeconds * MILLION,
      "GB-s",
      usdPerGbSecond,
    ),
    ...(streamedGb === 0
      ? []
      : [line(`Lambda streaming (${deployment})`, streamedGb, "GB", lambda.streamedGbOver6MBPerRequest)]),
  ];
}

function logLines({ invocations, accessLogBytes }: RequestScenario, { cloudwatch }: PriceBook): CostLine[] {
  const gb = (bytes: number) => (bytes * MILLION) / BYTES_PER_GB;
  const written = invocations.reduce((sum, { logBytes }) => sum + logBytes, 0);
  return [
    line("logs of the functions", gb(written), "GB", cloudwatch.logIngestGb),
    line("access log", gb(accessLogBytes), "GB", cloudwatch.logIngestGb),
  ];
}

function stateLines(scenario: RequestScenario, { dynamodb, s3, elasticacheServerlessValkey }: PriceBook): CostLine[] {
  const s3Thousands = (scenario.s3Reads * MILLION) / 1000;
  return [
    line("DynamoDB reads", scenario.dynamoDbReadUnits, "M read units", dynamodb.rruPerM),
    line("DynamoDB writes", scenario.dynamoDbWriteUnits, "M write units", dynamodb.wruPerM),
    line("S3 reads", s3Thousands, "thousand requests", s3.getPer1k),
    line("cache", scenario.cacheProcessingUnits, "M processing units", elasticacheServerlessValkey.perMEcpu),
  ];
}

function functionFacts(templates: readonly Template[], deployment: string): DeployedFunction {
  const functions = deployedFunctions(templates);
  const found = functions[deployment];
  if (found !== undefined) return found;
  throw new RangeError(
    `no function is deployed as ${JSON.stringify(deployment)}; there is ${Object.keys(functions).join(", ") || "none"}`,
  );
}

/** A trace is billed once, however many of its parts are recorded. */
const tracingIsOn = (templates: readonly Template[]): boolean =>
  resourcesOf(templates, "AWS::Lambda::Function").some((f) => propertyAt(f, "TracingConfig", "Mode") === "Active") ||
  resourcesOf(templates, "AWS::ApiGateway::Stage").some((stage) => propertyAt(stage, "TracingEnabled") === true);

function checkScenario(scenario: RequestScenario): void {
  const { invocations, requestsPerMonth, tracedShare, ...amounts } = scenario;
  if (!(requestsPerMonth > 0)) throw new RangeError(`requestsPerMonth must be above 0; received ${requestsPerMonth}`);
  const shares = {
    tracedShare,
    ...Object.fromEntries(invocations.map((i) => [`${i.deployment}.cold.share`, i.cold?.share ?? 0])),
  };
  for (const [name, share] of Object.entries(shares)) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`${name} must be between 0 and 1; received ${share}`);
  }
  for (const [name, amount] of Object.entries(amounts)) {
    if (!(amount >= 0)) throw new RangeError(`${name} must be 0 or more; received ${amount}`);
  }
  for (const { deployment, billedMillis, logBytes } of invocations) {
    if (!(billedMillis >= 0))
      throw new RangeError(`${deployment}.billedMillis must be 0 or more; received ${billedMillis}`);
    if (!(logBytes >= 0)) throw new RangeError(`${deployment}.logBytes must be 0 or more; received ${logBytes}`);
  }
}

const line = (item: string, quantity: number, unit: string, usdPerUnit: number): CostLine => ({
  item,
  quantity,
  unit,
  usdPerUnit,
  usd: quantity * usdPerUnit,
});

const total = (lines: readonly CostLine[]): number => lines.reduce((sum, { usd }) => sum + usd, 0);
