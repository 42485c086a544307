/**
 * `node test/infra/synthesise.ts <folder>`: one cloud assembly for each variant, checked by the CDK's own validation and by
 * cdk-nag; what they find lies in each assembly's validation-report.json. A process of its own, so that jest does not
 * load the CDK, and every test file shares one run (assembly.ts).
 */
import { join, resolve } from "node:path";
import { Bucket, CfnBucket } from "aws-cdk-lib/aws-s3";
import { App, Stack, Validations } from "aws-cdk-lib/core";
import { AwsSolutionsChecks } from "cdk-nag";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { readDecisions } from "../../infra/decisions.ts";
import { farthingApp } from "../../infra/farthing-app.ts";
import { VARIANTS } from "./variants.ts";

const foundSomething = (error: unknown) => error instanceof Error && error.name === "ValidationFailed";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node test/infra/synthesise.ts <folder>");
const root = resolve(import.meta.dirname, "../..");

for (const { name, environment, config, decisions } of VARIANTS) {
  const app = farthingApp({
    environment,
    config,
    build: {
      root,
      servingEntry: "functions/inference/handler.ts",
      buildDirectory: join(root, ".farthing/build"),
      host: { platform: process.platform, arch: process.arch },
      hostCores: 3,
      modelCacheFolder: "models",
    },
    decisions: decisions ?? readDecisions(root, environment, config, usEast1),
    validate: true,
    outdir: join(folder, name),
    // Assets stay where they were built: 46 MB of layer need not be copied for each variant.
    context: { "aws:cdk:disable-asset-staging": true },
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  try {
    app.synth();
  } catch (error) {
    // Findings stand in the report, which a test reads.
    if (!foundSomething(error)) throw error;
  }
}

// A bucket without protection and one with a value that S3 does not know, to show that the checks would find something.
const canary = new App({ outdir: join(folder, "canary"), autoSynth: false, analyticsReporting: false });
Validations.of(canary).addPlugins(new AwsSolutionsChecks(canary));
const stack = new Stack(canary, "canary");
new Bucket(stack, "Bare");
new CfnBucket(stack, "Odd", { ownershipControls: { rules: [{ objectOwnership: "Nobody" }] } });
try {
  canary.synth();
} catch (error) {
  if (!foundSomething(error)) throw error;
}
