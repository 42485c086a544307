/**
 * The most memory that a process holds until its first answer: the deployed function, HTTP, keys, registry, tokenizer and all,
 * against a bare onnxruntime-node process with the maker's file of the same model. Linux only (/proc).
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { firstAnswer } from "./cold-start/first-answer.ts";
import { deployedFunction } from "./deployed-function.ts";
import { startPlatform } from "./local-platform.ts";
import { measuredModels, WITHOUT_MINILM } from "./measured-models.ts";
import { interleave, median, pairedRatio, type Sample } from "./measurement.ts";
import type { Report } from "./report.ts";

const ROUNDS = 5;
const BARE = join(import.meta.dirname, "memory/bare.mjs");

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  try {
    const target = await deployedFunction(platform, "farthing-local-small");
    const keeping = (folder: string) => ({
      ...target,
      variables: { ...target.variables, FARTHING_MODEL_CACHE: join(platform.stateDirectory, folder) },
    });
    const samples: Record<string, Readonly<Record<string, Sample>>> = {};
    for (const model of await measuredModels(platform, ["digits", "minilm", "smollm2"])) {
      const request = join(platform.stateDirectory, `${model.name}-request.json`);
      writeFileSync(request, JSON.stringify({ graph: model.graph, feeds: model.feeds }));
      const peak = async (variant: typeof target): Promise<number> =>
        (await firstAnswer(model, platform, variant)).peakBytes ?? Number.NaN;
      samples[model.name] = await interleave(
        {
          bare: async () => Number((await promisify(execFile)(process.execPath, [BARE, request])).stdout),
          "farthing, from S3": () => peak(target),
          "farthing, on disk": () => peak(keeping("bench-model-cache")),
        },
        { rounds: ROUNDS },
      );
    }
    return report(samples);
  } finally {
    await platform.stop();
  }
}

function report(samples: Readonly<Record<string, Readonly<Record<string, Sample>>>>): Report {
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const rows = Object.entries(samples).flatMap(([model, contenders]) =>
    Object.values(contenders).map(({ name, rounds }) => [
      `${model}, ${name}`,
      megabytes(median(rounds)),
      `${megabytes(Math.min(...rounds))}–${megabytes(Math.max(...rounds))}`,
    ]),
  );
  const over = (model: string, place: string): number => {
    const { bare, [`farthing, ${place}`]: ours } = samples[model] as Record<string, Sample>;
    return bare && ours ? Number(pairedRatio(ours, bare).toFixed(3)) : Number.NaN;
  };
  const names = Object.keys(samples);
  return {
    title: "memory: the most that a process holds until its first answer (MB)",
    columns: ["", "median", "spread"],
    rows,
    notes: [
      `${ROUNDS} interleaved rounds. bare: session and run of the maker's file, one thread, nothing else. farthing: the deployed function;`,
      "on disk: its packed weights lie in its model cache.",
      ...(samples.minilm ? [] : [WITHOUT_MINILM]),
      ...(samples.smollm2 ? [] : ["smollm2 was left out: bench/decode/install.ts makes it."]),
    ],
    figures: {
      bench: "memory",
      memory_over_bare: Math.max(...names.map((name) => over(name, "from S3"))),
      ...Object.fromEntries(
        names.flatMap((name) => [
          [`${name}_memory_over_bare`, over(name, "from S3")],
          [`${name}_memory_over_bare_on_disk`, over(name, "on disk")],
        ]),
      ),
    },
  };
}
