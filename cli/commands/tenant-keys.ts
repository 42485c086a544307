import { randomBytes } from "node:crypto";
import { type Command, Option } from "commander";
import { AUTHENTICATOR_LIMITS } from "../../core/tenants/authenticator.ts";
import { makeKey, revokeKey, rotateKey } from "../../core/tenants/manage-keys.ts";
import { requireTenant } from "../../core/tenants/manage-tenants.ts";
import type { OpenDeployment } from "../deployment.ts";
import type { Terminal } from "../terminal.ts";
import { type Where, withWhere } from "../where.ts";
import { duration, type KeyFlags, keyOptions, keyOptionsOf } from "./tenant-options.ts";

const DEFAULT_GRACE = "24h";
export const WITHIN = `within ${AUTHENTICATOR_LIMITS.knownForMillis / 1000} s`;
export const random = () => randomBytes(32);
export const newAnswerScope = (): string => randomBytes(16).toString("base64url");

export function addKeyCommands(tenant: Command, terminal: Terminal, open: OpenDeployment): void {
  const key = withWhere(tenant.command("key"))
    .argument("<name>", "name of the tenant")
    .description("one more key for a tenant: for everything, or only for what its scopes name")
    .option("--key-name <name>", "what the key is for", "further");
  for (const option of keyOptionsOf()) key.addOption(option);
  key
    .addHelpText(
      "after",
      "\nThe key is printed once, alone on standard output; only its hash is stored.\n\nExamples:\n  npx farthing tenant key acme --key-name backend\n  npx farthing tenant key acme --models 'sms-*' --routes /v2/* --expires 90d",
    )
    .action(async (name: string, flags: KeyFlags & Where) => {
      const { keys, tenants } = await open(flags);
      await requireTenant(name, tenants);
      const nowMillis = Date.now();
      const at = new Date(nowMillis).toISOString();
      const request = { tenant: name, name: flags.keyName, at, draw: random };
      const issued = await makeKey(request, keyOptions(flags, nowMillis), keys);
      terminal.note(`tenant ${name} of ${flags.env}, key "${flags.keyName}": shown this once`);
      terminal.out(issued.key);
    });

  withWhere(tenant.command("rotate"))
    .argument("<name>", "name of the tenant")
    .argument("<prefix>", "the key's first characters, as farthing tenant list <name> shows them")
    .description("a new key with the scopes and terms of an old one, which goes on for a while")
    .addOption(
      new Option("--grace <duration>", "how long the old key still works, such as 1h or 7d; 0s ends it")
        .argParser(duration)
        .default(duration(DEFAULT_GRACE), DEFAULT_GRACE),
    )
    .addHelpText("after", "\nExample:\n  npx farthing tenant rotate acme fk_Ab3d --grace 7d --env prod")
    .action(async (name: string, prefix: string, flags: Where & { readonly grace: number }) => {
      const { keys, tenants } = await open(flags);
      await requireTenant(name, tenants);
      const nowMillis = Date.now();
      const { issued, old } = await rotateKey(
        {
          tenant: name,
          prefix,
          at: new Date(nowMillis).toISOString(),
          graceEndsAt: new Date(nowMillis + flags.grace).toISOString(),
          draw: random,
        },
        keys,
      );
      terminal.note(
        `${old.prefix} works until ${old.expiresAt ?? ""}, give or take a minute; the new key is shown this once`,
      );
      terminal.out(issued.key);
    });

  withWhere(tenant.command("revoke"))
    .argument("<name>", "name of the tenant")
    .argument("<prefix>", "the key's first characters")
    .description(`end a key: it stops ${WITHIN}`)
    .addHelpText("after", "\nExample:\n  npx farthing tenant revoke acme fk_Ab3d --env prod")
    .action(async (name: string, prefix: string, flags: Where) => {
      const revoked = await revokeKey(name, prefix, (await open(flags)).keys);
      terminal.out(`${revoked.prefix} (${revoked.name}) of ${name} is revoked; it stops everywhere ${WITHIN}`);
    });
}
