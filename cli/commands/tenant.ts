import { type Command, Option } from "commander";
import type { DataClass } from "../../core/tenants/data-class.ts";
import { makeKey } from "../../core/tenants/manage-keys.ts";
import { changeTenant, createTenant, deleteTenant, requireTenant } from "../../core/tenants/manage-tenants.ts";
import { DELETED_FOR_DAYS, requireTenantName } from "../../core/tenants/tenant.ts";
import { type OpenDeployment, openDeployment } from "../deployment.ts";
import { keyTable, tenantTable } from "../rendering/tenants.ts";
import type { Terminal } from "../terminal.ts";
import { clientSettings, type Where, withWhere } from "../where.ts";
import { addKeyCommands, newAnswerScope, random, WITHIN } from "./tenant-keys.ts";
import { dataClassOption, duration } from "./tenant-options.ts";
import { addTermsCommands } from "./tenant-terms.ts";
import { addUsageCommands } from "./tenant-usage.ts";
import { addWebhookCommand } from "./tenant-webhook.ts";

interface CreateFlags extends Where {
  readonly keyName: string;
  readonly dataClass?: DataClass;
}

interface DebugFlags extends Where {
  readonly for?: number;
  readonly off?: boolean;
}

export function addTenantCommands(program: Command, terminal: Terminal, root: string): void {
  const tenant = program.command("tenant").description("customers of the API: keys, budgets, limits, usage");
  const open: OpenDeployment = (where) => openDeployment(where.env, clientSettings(where, root));

  withWhere(tenant.command("create"))
    .argument("<name>", "lower-case letters, digits and '-'")
    .description("a tenant with a key; called again for the same tenant: one more key")
    .option("--key-name <name>", "what the key is for", "first")
    .addOption(dataClassOption("restricted data never leaves targets on premises (default: open)"))
    .addHelpText(
      "after",
      "\nThe key is printed once, alone on standard output; only its hash is stored.\n\nExamples:\n  npx farthing tenant create acme\n  KEY=$(npx farthing tenant create acme --env prod --key-name backend)",
    )
    .action(async (name: string, flags: CreateFlags) => {
      requireTenantName(name);
      const { keys, tenants } = await open(flags);
      const at = new Date().toISOString();
      await createTenant(name, { at, dataClass: flags.dataClass, answerScope: newAnswerScope() }, tenants);
      const issued = await makeKey({ tenant: name, name: flags.keyName, at, draw: random }, {}, keys);
      terminal.note(`tenant ${name} of ${flags.env}, key "${flags.keyName}": shown this once`);
      terminal.out(issued.key);
    });

  addKeyCommands(tenant, terminal, open);
  addTermsCommands(tenant, terminal, open);
  addWebhookCommand(tenant, terminal, open);
  addUsageCommands(tenant, terminal, open, (where) => clientSettings(where, root));

  withWhere(tenant.command("list"))
    .argument("[name]", "a tenant, to list its keys")
    .description("all tenants of an environment, or the keys of one")
    .addHelpText("after", "\nExamples:\n  npx farthing tenant list\n  npx farthing tenant list acme --env prod")
    .action(async (name: string | undefined, flags: Where) => {
      const { keys, tenants } = await open(flags);
      if (name !== undefined) await requireTenant(name, tenants);
      const lines =
        name === undefined ? tenantTable(await tenants.list()) : keyTable(await keys.list(name), Date.now());
      for (const line of lines) terminal.out(line);
    });

  withWhere(tenant.command("debug"))
    .argument("<name>", "name of the tenant")
    .description("write a tenant's prompts and answers to the log for a while; without it they are never written")
    .addOption(new Option("--for <duration>", "until then, at most 24h, such as 30m").argParser(duration))
    .option("--off", "stop now")
    .addHelpText(
      "after",
      "\nExamples:\n  npx farthing tenant debug acme --for 30m\n  npx farthing tenant debug acme --off",
    )
    .action(async (name: string, flags: DebugFlags) => {
      const { tenants } = await open(flags);
      const until = flags.off ? undefined : new Date(Date.now() + debugMillis(flags)).toISOString();
      await changeTenant(
        name,
        ({ debugUntil: _, ...record }) => ({ ...record, ...(until !== undefined && { debugUntil: until }) }),
        tenants,
      );
      terminal.out(
        until === undefined
          ? `prompts and answers of ${name} are not written to the log any more, ${WITHIN}`
          : `prompts and answers of ${name} are written to the log until ${until}, beginning ${WITHIN}`,
      );
    });

  withWhere(tenant.command("delete"))
    .argument("<name>", "name of the tenant")
    .description("remove a tenant and its data; called again after a failure, it goes on")
    .option("--yes", "do it: there is no way back")
    .addHelpText(
      "after",
      `\nIts keys stop ${WITHIN}. The name cannot be given again for ${DELETED_FOR_DAYS} days. Take the bill first:\n\nExamples:\n  npx farthing tenant usage acme --csv > acme.csv\n  npx farthing tenant delete acme --yes`,
    )
    .action(async (name: string, flags: Where & { readonly yes?: boolean }) => {
      if (!flags.yes) throw new Error(`this removes ${name} and all of its data from ${flags.env}: say --yes`);
      const deployment = await open(flags);
      const removed = await deleteTenant(name, new Date().toISOString(), {
        ...deployment,
        data: deployment.tenantData,
      });
      for (const { what, count } of removed) terminal.out(`removed: ${count} ${what}`);
      terminal.out(`its keys stop ${WITHIN}; called again after that, this removes what they still brought`);
      terminal.out(
        `what stays: cached answers under names that nobody knows any more, until their time to live is over; its lines in the log, which hold no prompts and answers, until the log's retention ends`,
      );
    });
}

const MAX_DEBUG_MILLIS = 24 * 3_600_000;

function debugMillis(flags: DebugFlags): number {
  if (flags.for === undefined) throw new Error("how long? --for 30m, or --off");
  if (flags.for > MAX_DEBUG_MILLIS) throw new Error("at most 24h: prompts are in the log only while somebody looks");
  return flags.for;
}
