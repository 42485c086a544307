import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Command } from "commander";
import {
  type UpstreamSecretStore,
  upstreamSecretStoreOn,
} from "../../adapters/secrets-manager/upstream-secret-store.ts";
import { requireHealthy } from "../../adapters/upstream/health.ts";
import { trustingTransport } from "../../adapters/upstream/trusting-transport.ts";
import { table } from "../rendering/table.ts";
import type { Terminal } from "../terminal.ts";
import { readCertificates, readKey } from "../upstream-secret-input.ts";
import { type DeployedUpstream, deployedUpstreams, upstreamNamed } from "../upstreams.ts";
import { clientSettings, type Where, withWhere } from "../where.ts";

const CONNECT_MILLIS = 3_000;

export function addUpstreamCommands(program: Command, terminal: Terminal, root: string): void {
  const upstream = program.command("upstream").description("servers that speak OpenAI's API: their keys, their health");

  withWhere(upstream.command("secret"))
    .argument("<name>", "name of the upstream, as farthing.config.ts has it")
    .description("store the key of an upstream, read from standard input, and whose certificates to trust")
    .option("--ca-file <pem>", "authorities that its certificate is checked by, instead of those that Node trusts")
    .addHelpText(
      "after",
      "\nWhat is not given stays as it is. Functions use a new key within minutes, and at once where the old one is refused.\n\nExamples:\n  npx farthing upstream secret rack < key.txt\n  npx farthing upstream secret rack --ca-file rack-ca.pem --env prod < /dev/null",
    )
    .action(async (name: string, { caFile, ...where }: Where & { readonly caFile?: string }) => {
      const settings = clientSettings(where, root);
      const { secret } = upstreamNamed(name, await deployedUpstreams(where.env, settings));
      if (secret === undefined)
        throw new Error(
          `the upstream "${name}" has no secret: say "secret: true" of it in farthing.config.ts, and deploy`,
        );
      const apiKey = await readKey(process.stdin);
      const caPem = caFile === undefined ? undefined : readCertificates(caFile);
      if (apiKey === undefined && caPem === undefined)
        throw new Error(
          `nothing to store: pipe the key (farthing upstream secret ${name} < key.txt), or say --ca-file`,
        );
      await withSecrets(settings, async (secrets) => {
        const given = { ...(apiKey !== undefined && { apiKey }), ...(caPem !== undefined && { caPem }) };
        await secrets.write(secret, { ...(await secrets.read(secret)), ...given });
        terminal.out(`${secret}: ${Object.keys(given).join(" and ")} stored`);
      });
    });

  withWhere(upstream.command("list"))
    .description("all upstreams of an environment, and whether they answer this machine")
    .addHelpText("after", "\nExample:\n  npx farthing upstream list --env onprem")
    .action(async (where: Where) => {
      const settings = clientSettings(where, root);
      const upstreams = await deployedUpstreams(where.env, settings);
      if (upstreams.length === 0) return terminal.note(`${where.env} has no upstreams (farthing.config.ts)`);
      await withSecrets(settings, async (secrets) => {
        const rows = await Promise.all(upstreams.map(async (one) => [...factsOf(one), await healthOf(one, secrets)]));
        for (const line of table([["NAME", "ADDRESS", "MODELS", "PLACE", "HEALTH"], ...rows])) terminal.out(line);
      });
    });
}

const factsOf = ({ name, url, models, onPremises }: DeployedUpstream): readonly string[] => [
  name,
  url,
  Object.keys(models).join(", "),
  onPremises ? "on premises" : "elsewhere",
];

async function healthOf(upstream: DeployedUpstream, secrets: UpstreamSecretStore): Promise<string> {
  try {
    const secret = upstream.secret === undefined ? {} : await secrets.read(upstream.secret);
    if (secret === undefined) return "its secret is empty";
    const startedAt = performance.now();
    await requireHealthy({
      transport: trustingTransport({ caPem: () => secret.caPem, maxConnections: 1, keepAlive: false }),
      url: upstream.url.replace(/\/+$/, ""),
      healthPath: upstream.healthPath,
      apiKey: secret.apiKey,
      connectMillis: CONNECT_MILLIS,
    });
    return `well, ${(performance.now() - startedAt).toFixed(0)} ms`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function withSecrets(
  settings: ReturnType<typeof clientSettings>,
  work: (secrets: UpstreamSecretStore) => Promise<void>,
): Promise<void> {
  const client = new SecretsManagerClient(settings);
  try {
    await work(upstreamSecretStoreOn(client));
  } finally {
    client.destroy();
  }
}
