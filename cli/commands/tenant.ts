import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import type { ApiKeyStore } from "../../core/tenants/key.ts";
import { apiKeyPrefix, generateApiKey, hashApiKey } from "../../core/tenants/key.ts";
import { openDeployment } from "../deployment.ts";
import type { Terminal } from "../terminal.ts";

const TENANT_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function addTenantCommands(program: Command, terminal: Terminal): void {
  program
    .command("tenant")
    .description("customers of the API")
    .command("create")
    .argument("<name>", "lower-case letters, digits and '-'")
    .description("a tenant with a key, which is shown once")
    .option("--env <name>", "environment", "local")
    .option("--state <dir>", "state of a platform on this machine (default: .farthing/<env>)")
    .option("--key-name <name>", "what the key is for", "first")
    .action(
      async (name: string, options: { readonly env: string; readonly state?: string; readonly keyName: string }) => {
        const { keys } = await openDeployment(options.env, options.state);
        const key = await createKey(keys, name, options.keyName);
        terminal.note(`tenant ${name}, key "${options.keyName}": shown once, stored as a hash`);
        terminal.out(key);
      },
    );
}

/** Answers the key; only its hash is stored. */
export async function createKey(keys: ApiKeyStore, tenant: string, keyName: string): Promise<string> {
  if (!TENANT_PATTERN.test(tenant)) {
    throw new Error(`"${tenant}" is no tenant name: lower-case letters, digits and '-', at most 63 characters`);
  }
  const key = generateApiKey(randomBytes(32));
  await keys.put({
    hash: hashApiKey(key),
    tenant,
    name: keyName,
    prefix: apiKeyPrefix(key),
    createdAt: new Date().toISOString(),
    state: "active",
  });
  return key;
}
