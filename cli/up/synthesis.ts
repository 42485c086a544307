/** Runs the CDK app, or keeps what it wrote last time when nothing that it reads has changed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

export interface Synthesis {
  /** The assembly's directory. */
  readonly directory: string;
  /** False: an earlier assembly still holds. */
  readonly fresh: boolean;
}

/** Everything that the assembly is made of. */
const INPUTS = [
  "infra/**/*.ts",
  "functions/**/*.ts",
  "adapters/**/*.ts",
  "core/**/*.{ts,json}",
  "layers/**/*.*",
  "plans/*.json",
  "farthing.config.ts",
  "cdk.json",
  "package.json",
  "package-lock.json",
];

export interface SynthesisOptions {
  /** Root of the project. */
  readonly root: string;
  readonly environment: string;
  /** Absolute path of another configuration than `farthing.config.ts`. */
  readonly config?: string | undefined;
  /** The assembly lies below it. */
  readonly stateDirectory: string;
  /** Ends the CDK app. */
  readonly signal: AbortSignal;
  /** Processors that this process may use, for which the app lays out threads. Default: what the system says. */
  readonly processors?: number;
}

/** Rejects with the CDK app's own words when it fails; the earlier assembly then still stands. */
export async function synthesize(options: SynthesisOptions): Promise<Synthesis> {
  const { stateDirectory } = options;
  const digest = digestOfInputs(options);
  const current = join(stateDirectory, "assembly.json");
  const known = readKnown(current);
  if (known?.digest === digest && existsSync(join(known.directory, "manifest.json"))) {
    return { directory: known.directory, fresh: false };
  }
  const directory = join(stateDirectory, `cdk.out.${digest.slice(0, 12)}`);
  await runApp(options, directory);
  writeFileSync(current, JSON.stringify({ digest, directory }));
  for (const old of globSync("cdk.out.*", { cwd: stateDirectory })) {
    if (join(stateDirectory, old) !== directory) rmSync(join(stateDirectory, old), { recursive: true, force: true });
  }
  return { directory, fresh: true };
}

function digestOfInputs({ root, config, processors = availableParallelism() }: SynthesisOptions): string {
  const hash = createHash("sha256").update(`${process.version} ${process.platform} ${process.arch} ${processors}`);
  for (const pattern of INPUTS) {
    for (const path of globSync(pattern, { cwd: root }).sort()) {
      const file = join(root, path);
      if (statSync(file).isFile()) hash.update(`\0${path}\0`).update(readFileSync(file));
    }
  }
  if (config !== undefined) hash.update(`\0${config}\0`).update(readFileSync(config));
  return hash.digest("hex");
}

function readKnown(path: string): { readonly digest: string; readonly directory: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

async function runApp(
  { root, environment, stateDirectory, config, signal }: SynthesisOptions,
  directory: string,
): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  // The same variables that the CDK's command line gives an app.
  const context = {
    ...cdkContext(root),
    env: environment,
    modelCache: join(stateDirectory, "model-cache"),
    ...(config !== undefined && { config }),
  };
  const child = spawn(process.execPath, ["infra/app.ts"], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: directory, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-8_000);
    });
  }
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`the CDK app ended with ${code}:\n${words.trim()}`);
}

const cdkContext = (root: string): object =>
  (JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")) as { readonly context?: object }).context ?? {};
