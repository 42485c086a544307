import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { issueKey } from "../../core/tenants/issue-key.ts";
import { openDeployment } from "../deployment.ts";
import type { Terminal } from "../terminal.ts";
import { clientSettings, type Where, withWhere } from "../where.ts";

interface CreateFlags extends Where {
  readonly keyName: string;
}

export function addTenantCommands(program: Command, terminal: Terminal, root: string): void {
  const tenant = program.command("tenant").description("customers of the API");
  withWhere(tenant.command("create"))
    .argument("<name>", "lower-case letters, digits and '-'")
    .description("a tenant with a key; called again for the same tenant: one more key")
    .option("--key-name <name>", "what the key is for", "first")
    .addHelpText(
      "after",
      "\nThe key is printed once, alone on standard output; only its hash is stored.\n\nExamples:\n  npx farthing tenant create acme\n  KEY=$(npx farthing tenant create acme --env prod --key-name backend)",
    )
    .action(async (name: string, flags: CreateFlags) => {
      const issued = issueKey({
        tenant: name,
        name: flags.keyName,
        randomBytes: randomBytes(32),
        at: new Date().toISOString(),
      });
      const { keys } = await openDeployment(flags.env, clientSettings(flags, root));
      await keys.put(issued.record);
      terminal.note(`tenant ${name} of ${flags.env}, key "${flags.keyName}": shown this once`);
      terminal.out(issued.key);
    });
}
