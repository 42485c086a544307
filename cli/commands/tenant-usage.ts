import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type Command, Option } from "commander";
import { reconcileUsage } from "../../core/metering/reconcile-usage.ts";
import { usageCsv } from "../../core/metering/usage-csv.ts";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import { readUsageLine } from "../../core/metering/usage-line-schema.ts";
import { readUsageQuestion, usageRows } from "../../core/metering/usage-report.ts";
import { LINE_COSTS_VARIABLE, lineCostPicodollars, parseLineCostFacts } from "../../core/pricing/cost/line-cost.ts";
import { propertyAt, resourcesOf, type Template } from "../../core/pricing/template.ts";
import { requireTenantName } from "../../core/tenants/tenant.ts";
import { deployedStacks } from "../bill/deployed-stacks.ts";
import type { OpenDeployment } from "../deployment.ts";
import { readEvents } from "../logs/read-events.ts";
import { usageTable } from "../rendering/usage.ts";
import type { Terminal } from "../terminal.ts";
import { type ClientSettings, type Where, withWhere } from "../where.ts";
import { duration } from "./tenant-options.ts";

interface UsageFlags extends Where {
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
  readonly csv?: boolean;
}

const DEFAULT_SINCE = "26h";
/** Lines that are counted together: a page of the log, and a few writes. */
const BATCH_LINES = 5_000;

export function addUsageCommands(
  tenant: Command,
  terminal: Terminal,
  open: OpenDeployment,
  settingsOf: (where: Where) => ClientSettings,
): void {
  withWhere(tenant.command("usage"))
    .argument("<name>", "name of the tenant")
    .description("requests, tokens, price and own cost of a tenant, exact to the request; a few seconds behind")
    .option("--from <day>", "first day of UTC, such as 2026-11-01 (default: today)")
    .option("--to <day>", "last day, included (default: today)")
    .option("--by <groups>", "of day, model and key, separated by commas (default: day,model; --csv: all three)")
    .option("--csv", "comma-separated, for a bill")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing tenant usage acme\n  npx farthing tenant usage acme --from 2026-11-01 --to 2026-11-30 --csv --env prod > acme-november.csv",
    )
    .action(async (name: string, flags: UsageFlags) => {
      requireTenantName(name);
      const groupBy = flags.by ?? (flags.csv ? "day,model,key" : undefined);
      const question = readUsageQuestion({ from: flags.from, to: flags.to, groupBy }, Date.now());
      const rows = await usageRows(name, question, (await open(flags)).usage);
      for (const line of flags.csv ? usageCsv(name, rows) : usageTable(question.groupBy, rows)) terminal.out(line);
    });

  withWhere(tenant.command("reconcile"))
    .description("read the functions' logs again and count what was not counted; lines that were count no second time")
    .addOption(
      new Option("--since <duration>", "how far back")
        .argParser(duration)
        .default(duration(DEFAULT_SINCE), DEFAULT_SINCE),
    )
    .addHelpText(
      "after",
      "\nThe reconciler counts usage as it is logged. This is for when it could not for longer than Lambda tries.\n\nExample:\n  npx farthing tenant reconcile --since 3d --env prod",
    )
    .action(async (flags: Where & { readonly since: number }) => {
      const { usage, tenants } = await open(flags);
      const { stacks } = await deployedStacks(flags.env, settingsOf(flags));
      const costOf = lineCostOf(stacks.map(({ template }) => template));
      const isDeleted = async (name: string) => (await tenants.find(name))?.state === "deleted";
      const sum = { counted: 0, repeated: 0, dropped: 0 };
      let batch: UsageLine[] = [];
      const count = async () => {
        const { counted, repeated, dropped } = await reconcileUsage(batch, { store: usage, isDeleted, costOf });
        sum.counted += counted;
        sum.repeated += repeated;
        sum.dropped += dropped;
        batch = [];
      };
      const query = {
        environment: flags.env,
        pattern: '{ $.usage = "farthing.usage/*" }',
        from: Date.now() - flags.since,
        follow: false,
      };
      const reading = {
        client: new CloudWatchLogsClient(settingsOf(flags)),
        signal: new AbortController().signal,
        sleep: async () => undefined,
      };
      for await (const { message, logGroup } of readEvents(query, reading)) {
        const read = readUsageLine(message);
        if (read.type === "invalid")
          terminal.note(`${logGroup}: a usage line cannot be counted: ${read.problems.join("; ")}`);
        if (read.type === "usage" && batch.push(read.line) >= BATCH_LINES) await count();
      }
      await count();
      terminal.out(`counted now: ${sum.counted}; before: ${sum.repeated}; of deleted tenants: ${sum.dropped}`);
    });
}

/** As the deployed reconciler computes it. */
function lineCostOf(templates: readonly Template[]): (line: UsageLine) => bigint {
  for (const resource of resourcesOf(templates, "AWS::Lambda::Function")) {
    const json = propertyAt(resource, "Environment", "Variables", LINE_COSTS_VARIABLE);
    if (typeof json !== "string") continue;
    const facts = parseLineCostFacts(json);
    return (line) => lineCostPicodollars(facts, line);
  }
  throw new Error("no stack has a reconciler that knows costs: deploy this release first");
}
