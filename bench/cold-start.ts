/**
 * From the start of a process to its first result. Ours is the deployed function: Runtime API client, bundle, key and registry
 * from DynamoDB, model from S3 (local ones, so that no network is measured), verified by digest. Against scripts that do the
 * same job for one model, and against scripts that have the model on their disk, which no fresh execution environment has:
 * `naive` is what one writes first, `best` what an expert writes.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { publishedFiles } from "./cold-start/published-files.ts";
import { startRuntimeApi } from "./cold-start/runtime-api.ts";
import { type DeployedFunction, deployedFunction } from "./deployed-function.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { type MeasuredModel, measuredModels, WITHOUT_MINILM } from "./measured-models.ts";
import { interleave, median, pairedRatio, type Sample } from "./measurement.ts";
import type { Report } from "./report.ts";

const ROUNDS = 11;
const scripts = join(import.meta.dirname, "cold-start");
const BOOTSTRAP = resolve(import.meta.dirname, "../local/lambda/runtime/bootstrap.mjs");

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
  mkdirSync(folder, { recursive: true });
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
      "naive, from S3": () => untilFirstLine([join(scripts, "naive-from-s3.mjs"), naiveFromS3]),
      "best, from S3": () => untilFirstLine([join(scripts, "best-from-s3.mjs"), bestFromS3]),
      farthing: () => untilFirstAnswer(model, platform, target),
    },
    { rounds: ROUNDS, warmups: 2 },
  );
}

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

async function untilFirstAnswer(
  model: MeasuredModel,
  platform: LocalPlatform,
  target: DeployedFunction,
): Promise<number> {
  const [request] = Object.values(model.requests);
  if (request === undefined) throw new Error(`${model.name} has no request`);
  const runtimeApi = await startRuntimeApi();
  const startedAt = performance.now();
  const answer = runtimeApi.answerTo({
    httpMethod: "POST",
    path: request.path,
    headers: { authorization: `Bearer ${platform.apiKey}`, ...request.headers },
    queryStringParameters: null,
    body: request.bodyBase64,
    isBase64Encoded: true,
  });
  const child = spawn(process.execPath, [BOOTSTRAP], {
    env: {
      ...target.variables,
      FARTHING_PRELOAD: model.name,
      NODE_PATH: target.nodePath,
      LAMBDA_TASK_ROOT: target.codeDirectory,
      _HANDLER: "index.handler",
      AWS_LAMBDA_RUNTIME_API: runtimeApi.address,
      PATH: process.env.PATH,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolveEnded) => child.once("exit", resolveEnded));
  const bytes = await Promise.race([answer, ended.then(() => Buffer.from("the process ended before it answered"))]);
  const millis = performance.now() - startedAt;
  child.kill("SIGKILL");
  await ended;
  runtimeApi.close();
  const text = bytes.toString("latin1");
  if (!/^\{"statusCode":200/.test(text)) throw new Error(`${model.name}: ${text.slice(0, 500)}`);
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
    const over = (rival: string) => ratio(contenders.farthing, contenders[rival]);
    return [
      [`${model}_cold_over_best`, over("best, from S3")] as const,
      [`${model}_cold_over_naive`, over("naive, from S3")] as const,
      [`${model}_cold_over_best_on_disk`, over("best, on disk")] as const,
      [`${model}_cold_over_naive_on_disk`, over("naive, on disk")] as const,
    ];
  });
  const main = samples.minilm ? "minilm" : "digits";
  const all = Object.fromEntries(figures);
  return {
    title: "cold-start: start of the process → first result (ms)",
    columns: ["", "median", "spread"],
    rows,
    notes: [
      `${ROUNDS} interleaved rounds after 2 that do not count. node: an empty program. farthing checks a key, reads the registry, fetches the`,
      "model from the local S3 and verifies its digest. From S3: the same download, nothing else. On disk: the model lies there already,",
      "for `best` pre-packed for this very processor.",
      ...(samples.minilm ? [] : [WITHOUT_MINILM]),
    ],
    figures: {
      bench: "cold-start",
      cold_over_best: all[`${main}_cold_over_best`] as number,
      cold_over_naive: all[`${main}_cold_over_naive`] as number,
      ...all,
    },
  };
}

const ratio = (a: Sample | undefined, b: Sample | undefined): number =>
  a && b ? Number(pairedRatio(a, b).toFixed(3)) : Number.NaN;
