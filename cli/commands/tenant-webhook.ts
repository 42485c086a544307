import type { Command } from "commander";
import { newWebhookSecret } from "../../core/jobs/webhook/signed-message.ts";
import { isHostName } from "../../core/jobs/webhook/webhook-url.ts";
import { requireTenant } from "../../core/tenants/manage-tenants.ts";
import type { OpenDeployment } from "../deployment.ts";
import type { Terminal } from "../terminal.ts";
import { type Where, withWhere } from "../where.ts";
import { random } from "./tenant-keys.ts";

interface WebhookFlags extends Where {
  readonly allow?: readonly string[];
  readonly newSecret?: boolean;
  readonly off?: boolean;
}

export function addWebhookCommand(tenant: Command, terminal: Terminal, open: OpenDeployment): void {
  withWhere(tenant.command("webhook"))
    .argument("<name>", "name of the tenant")
    .description(
      "hosts that a tenant may have called when its jobs end (x-farthing-webhook), and the secret that signs",
    )
    .option(
      "--allow <hosts...>",
      "host names, all of them; https only, and inside only what webhookReceivers of the configuration names",
    )
    .option("--new-secret", "another secret, from the next call on")
    .option("--off", "no host may be called any more")
    .addHelpText(
      "after",
      "\nThe secret is printed alone on standard output; receivers check it as Standard Webhooks say.\n\nExamples:\n  npx farthing tenant webhook acme --allow hooks.acme.example\n  npx farthing tenant webhook acme --new-secret",
    )
    .action(async (name: string, flags: WebhookFlags) => {
      const { tenants, webhooks } = await open(flags);
      await requireTenant(name, tenants);
      if (flags.off) {
        await webhooks.remove(name);
        terminal.note(`${name} of ${flags.env} may have no host called`);
        return;
      }
      const wrong = flags.allow?.find((host) => !isHostName(host));
      if (wrong !== undefined) throw new Error(`"${wrong}" is no host name such as hooks.example.com, in lower case`);
      const before = await webhooks.find(name);
      const hosts = flags.allow ?? before?.hosts;
      if (hosts === undefined) throw new Error(`${name} may have no host called yet: --allow hooks.example.com`);
      const isNew = before === undefined || flags.newSecret === true;
      const secret = isNew ? newWebhookSecret(random()) : before.secret;
      if (flags.allow !== undefined || isNew) await webhooks.put(name, { hosts, secret });
      terminal.note(`${name} of ${flags.env} may have called: ${hosts.join(", ")}`);
      terminal.out(secret);
    });
}
