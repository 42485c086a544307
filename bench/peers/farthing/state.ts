/**
 * A state directory with the workload's model published in it, made once per benchmark run: a peer finds its model file on
 * disk too, so publishing is no part of anyone's start.
 */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { PEERS_DIRECTORY } from "../environments.ts";
import { endTree } from "../process-tree.ts";
import { DIGITS_DIRECTORY, MINILM_DIRECTORY, SPAM_DIRECTORY, type Workload } from "../workload.ts";

export interface FilledState {
  readonly directory: string;
  /** Name of the published model. */
  readonly model: string;
}

const READY_LIMIT_MILLIS = 120_000;
const made = new Map<Workload["name"], Promise<FilledState>>();

export function stateWith(workload: Workload, cli: string): Promise<FilledState> {
  const state = made.get(workload.name) ?? makeState(workload, cli);
  made.set(workload.name, state);
  return state;
}

async function makeState(workload: Workload, cli: string): Promise<FilledState> {
  const home = join(PEERS_DIRECTORY, "farthing", workload.name);
  rmSync(home, { recursive: true, force: true }); // the code may have changed what it keeps there
  mkdirSync(home, { recursive: true });
  const [directory, models, ready] = [join(home, "state"), join(home, "models"), join(home, "ready.json")];
  const farthing = (...parameters: string[]) => promisify(execFile)(process.execPath, [cli, ...parameters]);

  const model = workload.name;
  await farthing("model", "add", sourceFolder(workload, home), "--name", model, "--to", models);

  const up = ["up", "--env", "onprem", "--no-demo", "--port", "0", "--state", directory, "--ready-file", ready];
  const platform = spawn(process.execPath, [cli, ...up], { stdio: "ignore", cwd: dirname(dirname(cli)) });
  try {
    const deadline = performance.now() + READY_LIMIT_MILLIS;
    while (!existsSync(ready)) {
      if (platform.exitCode !== null)
        throw new Error(`farthing ${up.join(" ")} ended with exit code ${platform.exitCode}`);
      if (performance.now() > deadline) throw new Error(`farthing up was not ready within ${READY_LIMIT_MILLIS} ms`);
      await sleep(50);
    }
    await farthing("model", "publish", model, join(models, model), "--env", "onprem", "--state", directory);
  } finally {
    if (platform.pid !== undefined) await endTree(platform.pid, 10_000);
  }
  return { directory, model };
}

/** A folder as `farthing model add` takes it. For INT8: the FP32 model's folder with the other graph in its place. */
function sourceFolder(workload: Workload, home: string): string {
  if (workload.task === "tensor") return DIGITS_DIRECTORY;
  if (workload.task === "classification") return SPAM_DIRECTORY;
  if (workload.modelFile.startsWith(MINILM_DIRECTORY)) return MINILM_DIRECTORY;
  const folder = join(home, "source");
  mkdirSync(join(folder, "1_Pooling"), { recursive: true });
  const files = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
  ];
  for (const file of files) copyFileSync(join(MINILM_DIRECTORY, file), join(folder, file));
  copyFileSync(workload.modelFile, join(folder, "model.onnx"));
  return folder;
}
