/**
 * From the start of a process to its first result. Ours is the deployed function: Runtime API client, bundle, key and registry
 * from DynamoDB, model from S3 (local ones, so that no network is measured), verified by digest. Against scripts that do the
 * same job for one model: `naive` is what one writes first, `best` what an expert writes. Once with the model in S3, as for a
 * function on demand, once with it on the disk, as where an environment was started before (instances, on premises).
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstAnswer } from "./cold-start/first-answer.ts";
import { publishedFiles } from "./cold-start/published-files.ts";
import { type DeployedFunction, deployedFunction } from "./deployed-function.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { type MeasuredModel, measuredModels, WITHOUT_MINILM } from "./measured-models.ts";
import { interleave, median, pairedRatio, type Sample } from "./measurement.ts";
import type { Report } from "./report.ts";

const ROUNDS = 11;
const scripts = join(import.meta.dirname, "cold-start");

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  try {
    const models = await measuredModels(platform);
    const target = await deployedFunction(platform, "farthing-local-small");
    const samples: Record<string, Readonly<Record<string, Sample>>> = {};
    for (const model of models) samples[model.name] = await measure(model, platform, target);
    return report(samples);
  } finally {
    await platform.stop();
  }
}

async function measure(model: MeasuredModel, platform: LocalPlatform, target: DeployedFunction) {
  const request = join(platform.stateDirectory, `${model.name}-request.json`);
  const best = join(platform.stateDirectory, `${model.name}-best`);
  writeFileSync(request, JSON.stringify({ graph: model.graph, feeds: model.feeds }));
  execFileSync(process.execPath, [join(scripts, "best.mjs"), "prepare", request, best]);
  const { original, optimized } = await publishedFiles(model, platform, target);
  const folder = join(platform.stateDirectory, "downloads");
  const download = async (script: string, request: string): Promise<number> => {
    mkdirSync(folder);
    const millis = await untilFirstLine([join(scripts, script), request]);
    rmSync(folder, { recursive: true });
    return millis;
  };
  const written = (name: string, downloads: object): string => {
    const path = join(platform.stateDirectory, `${model.name}-${name}.json`);
    writeFileSync(path, JSON.stringify({ ...downloads, folder, feeds: model.feeds }));
    return path;
  };
  const naiveFromS3 = written("naive", original);
  const bestFromS3 = written("best", optimized);
  return interleave(
    {
      node: () => untilFirstLine(["-e", "process.stdout.write('first result\\n')"]),
      "naive, on disk": () => untilFirstLine([join(scripts, "naive.mjs"), request]),
      "best, on disk": () => untilFirstLine([join(scripts, "best.mjs"), "run", best]),
      "naive, from S3": () => download("naive-from-s3.mjs", naiveFromS3),
      "best, from S3": () => download("best-from-s3.mjs", bestFromS3),
      "farthing, from S3": async () => (await firstAnswer(model, platform, target)).millis,
      "farthing, on disk": async () => (await firstAnswer(model, platform, keepingModels(platform, target))).millis,
    },
    { rounds: ROUNDS, warmups: 2 },
  );
}

/** As on instances and on premises: models' files and their packed weights stay there for the next start. */
const keepingModels = ({ stateDirectory }: LocalPlatform, target: DeployedFunction): DeployedFunction => ({
  ...target,
  variables: {
    ...target.variables,
    FARTHING_MODEL_CACHE: join(stateDirectory, "bench-model-cache"),
    FARTHING_MODEL_CACHE_MEGABYTES: "1000",
  },
});

async function untilFirstLine(arguments_: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, arguments_, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolveEnded) => child.once("close", resolveEnded));
  const millis = await new Promise<number>((resolveMillis, reject) => {
    child.stdout.once("data", () => resolveMillis(performance.now() - startedAt));
    child.once("exit", (code) => code && reject(new Error(`${arguments_.join(" ")} ended with ${code}`)));
  });
  await ended;
  return millis;
}

function report(samples: Readonly<Record<string, Readonly<Record<string, Sample>>>>): Report {
  const rows = Object.entries(samples).flatMap(([model, contenders]) =>
    Object.values(contenders).map(({ name, rounds }) => [
      `${model}, ${name}`,
      median(rounds).toFixed(0),
      `${Math.min(...rounds).toFixed(0)}–${Math.max(...rounds).toFixed(0)}`,
    ]),
  );
  const figures = Object.entries(samples).flatMap(([model, contenders]) => {
    const over = (rival: string, place: string) =>
      ratio(contenders[`farthing, ${place}`], contenders[`${rival}, ${place}`]);
    return [
      [`${model}_cold_over_best`, over("best", "from S3")] as const,
      [`${model}_cold_over_naive`, over("naive", "from S3")] as const,
      [`${model}_cold_over_best_on_disk`, over("best", "on disk")] as const,
      [`${model}_cold_over_naive_on_disk`, over("naive", "on disk")] as const,
    ];
  });
  const main = samples.minilm ? "minilm" : "digits";
  const all = Object.fromEntries(figures);
  return {
    title: "cold-start: start of the process → first result (ms)",
    columns: ["", "median", "spread"],
    rows,
    notes: [
      `${ROUNDS} interleaved rounds after 2 that do not count. node: an empty program. farthing checks a key, reads the registry and the`,
      "manifest (local DynamoDB and S3). From S3: the model too, verified by its digest; the rivals download the same, nothing else.",
      "On disk: the model lies there, for `best` packed for this very processor; farthing packs it later.",
      ...(samples.minilm ? [] : [WITHOUT_MINILM]),
    ],
    figures: {
      bench: "cold-start",
      cold_over_best: all[`${main}_cold_over_best`] as number,
      cold_over_naive: all[`${main}_cold_over_naive`] as number,
      cold_over_best_on_disk: all[`${main}_cold_over_best_on_disk`] as number,
      cold_over_naive_on_disk: all[`${main}_cold_over_naive_on_disk`] as number,
      ...all,
    },
  };
}

const ratio = (a: Sample | undefined, b: Sample | undefined): number =>
  a && b ? Number(pairedRatio(a, b).toFixed(3)) : Number.NaN;
