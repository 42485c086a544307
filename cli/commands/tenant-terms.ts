import { type Command, Option } from "commander";
import { JOB_LIMITS } from "../../core/jobs/job.ts";
import { requireKey } from "../../core/tenants/manage-keys.ts";
import { changeTenant, requireTenant } from "../../core/tenants/manage-tenants.ts";
import { type Budget, NO_TERMS, type Terms } from "../../core/tenants/terms.ts";
import type { OpenDeployment } from "../deployment.ts";
import { termsLines } from "../rendering/tenants.ts";
import type { Terminal } from "../terminal.ts";
import { type Where, withWhere } from "../where.ts";
import { WITHIN } from "./tenant-keys.ts";
import { amount, NONE, positive } from "./tenant-options.ts";

interface TermsFlags extends Where {
  readonly key?: string;
}

interface BudgetFlags extends TermsFlags {
  readonly daily?: bigint | typeof NONE;
  readonly monthly?: bigint | typeof NONE;
  readonly soft?: boolean;
}

interface LimitFlags extends TermsFlags {
  readonly requestsPerSecond?: number | typeof NONE;
  readonly tokensPerMinute?: number | typeof NONE;
  readonly concurrency?: number | typeof NONE;
  readonly openJobs?: number | typeof NONE;
}

export function addTermsCommands(tenant: Command, terminal: Terminal, open: OpenDeployment): void {
  async function change(name: string, flags: TermsFlags, next: (terms: Terms) => Terms): Promise<void> {
    const { tenants, keys } = await open(flags);
    const { terms, whose } = await (flags.key === undefined ? ofTenant() : ofKey(flags.key));
    for (const line of termsLines(terms)) terminal.out(line);
    terminal.note(`holds for ${whose} of ${flags.env} ${WITHIN}`);

    async function ofTenant() {
      const changed = await changeTenant(name, (record) => ({ ...record, terms: next(record.terms) }), tenants);
      return { terms: changed.terms, whose: `all keys of ${name} together` };
    }
    async function ofKey(prefix: string) {
      await requireTenant(name, tenants);
      const record = await requireKey(name, prefix, keys);
      const terms = next(record.terms ?? NO_TERMS);
      await keys.put({ ...record, terms });
      return { terms, whose: `key ${record.prefix} of ${name}, beside its tenant's own` };
    }
  }

  withWhere(tenant.command("budget"))
    .argument("<name>", "name of the tenant")
    .description("what a tenant, or one of its keys, may spend in a day and in a month of UTC")
    .addOption(new Option("--daily <usd>", `USD a day, or ${NONE}`).argParser(amount))
    .addOption(new Option("--monthly <usd>", `USD a calendar month, or ${NONE}`).argParser(amount))
    .option("--soft", "refuse nothing, only tell (default: hard, the sum of prices never exceeds it)")
    .option("--key <prefix>", "of this key alone")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing tenant budget acme --daily 5 --monthly 100\n  npx farthing tenant budget acme --key fk_Ab3d --daily 0.5\n  npx farthing tenant budget acme --daily none",
    )
    .action((name: string, flags: BudgetFlags) => {
      const budgetOf = (picodollars: bigint | typeof NONE): Budget | typeof NONE =>
        picodollars === NONE ? NONE : { picodollars, enforcement: flags.soft ? "soft" : "hard" };
      return change(name, flags, (terms) => ({
        ...terms,
        budgets: replaced(terms.budgets, {
          ...(flags.daily !== undefined && { daily: budgetOf(flags.daily) }),
          ...(flags.monthly !== undefined && { monthly: budgetOf(flags.monthly) }),
        }),
      }));
    });

  withWhere(tenant.command("limits"))
    .argument("<name>", "name of the tenant")
    .description("how fast a tenant, or one of its keys, may go")
    .addOption(new Option("--requests-per-second <number>", `sustained rate, or ${NONE}`).argParser(positive(false)))
    .addOption(new Option("--tokens-per-minute <number>", `tokens in and out, or ${NONE}`).argParser(positive(false)))
    .addOption(new Option("--concurrency <number>", `requests at one moment, or ${NONE}`).argParser(positive(true)))
    .addOption(
      new Option("--open-jobs <number>", `jobs queued or running, or ${NONE} for ${JOB_LIMITS.mostOpen}`).argParser(
        positive(true),
      ),
    )
    .option("--key <prefix>", "of this key alone")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing tenant limits acme --requests-per-second 50 --concurrency 20\n  npx farthing tenant limits acme --key fk_Ab3d --tokens-per-minute 100000",
    )
    .action((name: string, flags: LimitFlags) =>
      change(name, flags, (terms) => ({
        ...terms,
        limits: replaced(terms.limits, {
          ...(flags.requestsPerSecond !== undefined && { requestsPerSecond: flags.requestsPerSecond }),
          ...(flags.tokensPerMinute !== undefined && { tokensPerMinute: flags.tokensPerMinute }),
          ...(flags.concurrency !== undefined && { concurrency: flags.concurrency }),
          ...(flags.openJobs !== undefined && { openJobs: flags.openJobs }),
        }),
      })),
    );
}

/** The fields of `changes` in place of those of `before`; `none` takes a field away. */
function replaced<T extends object>(before: T, changes: { readonly [K in keyof T]?: T[K] | typeof NONE }): T {
  return Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== NONE)) as T;
}
