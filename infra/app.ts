/**
 * Entry of the CDK app: `npx cdk synth -c env=<name>`, or `node infra/app.ts -c env=<name>` with CDK_OUTDIR set.
 * Needs no AWS credentials.
 */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Template } from "../core/pricing/deployment-cost.ts";
import { costRatesOf } from "../core/pricing/request-cost.ts";
import { ON_ONE_MACHINE, parseConfig } from "./config.ts";
import { readDecisions } from "./decisions.ts";
import { farthingApp } from "./farthing-app.ts";
import { idleCostTable } from "./idle-cost-table.ts";
import { contextValue, selectedEnvironment } from "./selected-environment.ts";

const SERVING_ENTRY = "functions/inference/handler.ts";
/** Goes with the execution environment; whoever runs the functions here names a folder that lasts. */
const TEMPORARY_MODEL_CACHE = "farthing-model-cache";
const root = resolve(import.meta.dirname, "..");
/** Another file than the project's own: `-c config=<path>`. */
const configFile = resolve(root, contextValue("config", process.env.CDK_CONTEXT_JSON) ?? "farthing.config.ts");

try {
  const { default: config } = (await import(pathToFileURL(configFile).href)) as { readonly default: unknown };
  const { environments, priceBook } = parseConfig(config, configFile);
  const environment = selectedEnvironment(process.argv.slice(2), process.env.CDK_CONTEXT_JSON, environments);
  const assembly = farthingApp({
    environment: environment.name,
    config: environment.config,
    build: {
      root,
      servingEntry: SERVING_ENTRY,
      buildDirectory: join(root, ".farthing", "build"),
      host: { platform: process.platform, arch: process.arch },
      hostCores: availableParallelism(),
      modelCacheFolder: contextValue("modelCache", process.env.CDK_CONTEXT_JSON) ?? TEMPORARY_MODEL_CACHE,
    },
    costRates: costRatesOf(priceBook, { firewall: environment.config.waf !== false }),
    decisions: readDecisions(root, environment.name, environment.config, priceBook),
    // CloudFormation never sees the templates that run on one machine; the tests check them all the same.
    validate: !ON_ONE_MACHINE.has(environment.name),
  }).synth();
  if (!ON_ONE_MACHINE.has(environment.name)) {
    const templates = assembly.stacks.map((stack) => stack.template as Template);
    process.stderr.write(idleCostTable(environment.name, templates, priceBook));
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
