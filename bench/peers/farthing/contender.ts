/**
 * Farthing on one's own machine, started and filled as its users do it: `farthing model add`, `publish`, `up --env onprem`. It
 * answers embeddings in OpenAI's form and the other tasks through the Open Inference Protocol.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Call, openAiEmbeddings, openInference } from "../call.ts";
import type { Contender } from "../contender.ts";
import { launch } from "../launch.ts";
import type { Sample, Workload } from "../workload.ts";
import { stateWith } from "./state.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CLI = join(ROOT, "cli", "farthing.ts");
const READY_LIMIT_MILLIS = 60_000;

/** What `--ready-file` gets, as far as it is needed here. */
interface Ready {
  readonly url: string;
  readonly apiKey: string;
}

export const farthing: Contender = {
  name: "farthing",
  unavailable: () => (existsSync(CLI) ? undefined : `there is no ${CLI}`),
  tuned: () => "automatic",
  grid: () => ["automatic"],
  async start(job) {
    const { directory: stateDirectory, model } = await stateWith(job.workload, CLI);
    const readyFile = join(job.scratch, "ready.json");
    const running = launch(job, {
      command: process.execPath,
      parameters: [
        CLI,
        "up",
        "--env",
        "onprem",
        "--no-demo",
        "--port",
        "0",
        "--state",
        stateDirectory,
        "--ready-file",
        readyFile,
      ],
      directory: ROOT,
      environment: {},
    });
    try {
      const { url, apiKey } = await waitForReady(readyFile);
      const headers = { authorization: `Bearer ${apiKey}` };
      return {
        ...running,
        url,
        call: (sample) => request(job.workload, model, sample, headers),
        answer: job.workload.task === "embedding" ? openAiEmbeddings.answer : openInference.answer,
      };
    } catch (error) {
      await running.stop();
      throw error;
    }
  },
};

function request({ task }: Workload, model: string, sample: Sample, headers: Readonly<Record<string, string>>): Call {
  switch (task) {
    case "embedding":
      return openAiEmbeddings.call(model, String(sample), headers);
    case "classification":
      // As the peers: a probability for each label.
      return openInference.call(model, "text", sample, headers, "scores");
    case "tensor":
      return openInference.call(model, "image", sample, headers);
  }
}

async function waitForReady(file: string): Promise<Ready> {
  const deadline = performance.now() + READY_LIMIT_MILLIS;
  while (performance.now() < deadline) {
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Ready; // written in one move
    await sleep(10);
  }
  throw new Error(`farthing up wrote no ready file within ${READY_LIMIT_MILLIS} ms`);
}
