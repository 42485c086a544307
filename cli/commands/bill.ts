import { readFile } from "node:fs/promises";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { deploymentFacts } from "../../core/pricing/cost/deployment-facts.ts";
import { meteredResources } from "../../core/pricing/cost/metered-resources.ts";
import { type PriceBook, parsePriceBook, usEast1 } from "../../core/pricing/price-book.ts";
import { type Bill, computeBill } from "../bill/compute-bill.ts";
import { deployedStacks } from "../bill/deployed-stacks.ts";
import { createLogSource } from "../bill/log-source.ts";
import { createMetricMeasures } from "../bill/metric-measures.ts";
import { createSeriesReader } from "../bill/metric-series.ts";
import { periodOf, timeOf } from "../bill/period.ts";
import { tableBytes } from "../bill/table-bytes.ts";
import { openDeployment } from "../deployment.ts";
import { billCsv, billJson, billLines } from "../rendering/bill.ts";
import type { Terminal } from "../terminal.ts";
import { clientSettings, type Where, withWhere } from "../where.ts";

interface BillFlags extends Where {
  readonly from?: number;
  readonly to?: number;
  readonly tenant?: string;
  readonly priceBook?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export function addBillCommand(program: Command, terminal: Terminal, root: string): void {
  withWhere(program.command("bill"))
    .description("what tenants were charged, what it cost at AWS's list prices, and what is left, by tenant and model")
    .addOption(new Option("--from <time>", "UTC day or moment (default: a day before the end)").argParser(time))
    .addOption(new Option("--to <time>", "not part of it any more (default: now)").argParser(time))
    .option("--tenant <name>", "this one's rows only; its costs are shares of what all of them caused")
    .option("--price-book <file>", "prices of another region or contract, as JSON (default: list prices of us-east-1)")
    .addOption(new Option("--csv", "one line per tenant and model, with exact amounts").conflicts("json"))
    .option("--json", "everything, with exact amounts")
    .addHelpText(
      "after",
      "\nOn this machine nothing is billed: the costs are those of the same requests on AWS.\n\nExamples:\n  npx farthing bill\n  npx farthing bill --env prod --from 2026-11-01 --to 2026-12-01 --csv > november.csv",
    )
    .action(async (flags: BillFlags) => {
      const settings = clientSettings(flags, root);
      const now = Date.now();
      const period = periodOf(now, flags.from, flags.to);
      const book = flags.priceBook === undefined ? usEast1 : await readPriceBook(flags.priceBook);
      const [{ registry }, { stacks, since }] = await Promise.all([
        openDeployment(flags.env, settings),
        deployedStacks(flags.env, settings),
      ]);
      const holders = Object.fromEntries((await registry.list()).map(({ name, group }) => [name, group]));
      const templates = stacks.map(({ template }) => template);
      const deployment = deploymentFacts(templates, holders, book);
      const resources = meteredResources(stacks);
      const bill = await computeBill({
        source: createLogSource(new CloudWatchLogsClient(settings), flags.env, new AbortController().signal),
        measures: createMetricMeasures({
          resources,
          functions: deployment.functions,
          readSeries: createSeriesReader(new CloudWatchClient(settings)),
          tableBytes: () => tableBytes(resources.tables, settings),
          now,
        }),
        deployment,
        deployedSince: since,
        ...{ book, period },
        onHour: ({ from }) => terminal.status(`usage of ${new Date(from).toISOString().slice(0, 16)}Z …`),
      });
      terminal.status();
      print(flags.tenant === undefined ? bill : billOf(bill, flags.tenant), book, flags, terminal);
    });
}

/** Quantities are of all tenants together; a tenant has shares of what they cost. */
const billOf = (bill: Bill, tenant: string): Bill => ({
  ...bill,
  items: [],
  rows: bill.rows.filter((row) => row.tenant === tenant),
  shares: bill.shares.filter((share) => share.tenant === tenant),
});

function print(bill: Bill, book: PriceBook, { env, csv, json }: BillFlags, terminal: Terminal): void {
  if (json) return terminal.out(billJson(bill));
  const lines = csv ? billCsv(bill.rows) : billLines(bill);
  const [from, to] = [bill.period.from, bill.period.to].map((millis) => new Date(millis).toISOString());
  terminal.note(`${env}, ${from} to ${to}, USD, list prices of ${book.region} of ${book.compiled}`);
  for (const line of lines) terminal.out(line);
  for (const gap of bill.gaps) terminal.note(terminal.style.dim(`not in the cost: ${gap}`));
}

async function readPriceBook(file: string): Promise<PriceBook> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON`, { cause: error });
  }
  return parsePriceBook(value, file);
}

function time(text: string): number {
  const millis = timeOf(text);
  if (millis !== undefined) return millis;
  throw new InvalidArgumentError(`a UTC day, 2026-11-24, or moment, 2026-11-24T08:00Z; received "${text}".`);
}
