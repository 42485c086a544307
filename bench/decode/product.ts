/**
 * Decoding as a deployment does it: node bench/decode/product.ts THREADS TOKENS FOLDER
 *
 * Prints one JSON object, like llamacpp.py. The model is loaded as in a deployment (as published or packed, whichever FOLDER
 * holds, spinning where it has several threads); from token ids to events of text, so that sampling and detokenising are in the time.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "../../adapters/onnx/load-model.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { cardIn, packingIn } from "./published.ts";
import { ENDLESS } from "./smollm2.ts";

const WARM_UP_TOKENS = 32;

const [threads = "1", tokens = "128", folder = ""] = process.argv.slice(2);
const wanted = Number(tokens);
const { ids } = JSON.parse(readFileSync(join(import.meta.dirname, "prompt.json"), "utf8")) as { ids: number[] };
const model = await loadModel(folder, cardIn(folder), { threads: Number(threads), ...packingIn(folder) }, systemClock);

async function generate(count: number) {
  const startedAt = performance.now();
  const result = await model.infer(
    {
      type: "generation",
      prompts: [{ type: "tokens", ids }],
      choices: 1,
      maxTokens: count,
      sampling: ENDLESS,
      stop: [],
    },
    { requestId: "bench", deadlineMillis: Number.POSITIVE_INFINITY },
  );
  if (result.type !== "generation") throw new Error(`the model answered ${result.type}`);
  let promptReadAt = startedAt;
  let endedAt = startedAt;
  let cpuBefore = process.cpuUsage();
  let cpu = cpuBefore;
  let said = 0;
  for await (const event of result.events) {
    if (event.type === "start") {
      promptReadAt = performance.now();
      cpuBefore = process.cpuUsage();
    }
    if (event.type !== "text-delta" && event.type !== "text-finish") continue;
    said += event.outputTokens;
    endedAt = performance.now();
    cpu = process.cpuUsage(cpuBefore);
  }
  return { steps: said - 1, prefillMillis: promptReadAt - startedAt, millis: endedAt - promptReadAt, cpu };
}

// What a process does once: JavaScript that is compiled, and whether the graph may be read ahead.
await generate(WARM_UP_TOKENS);
const { steps, prefillMillis, millis, cpu } = await generate(wanted);
await model.release();
process.stdout.write(
  `${JSON.stringify({
    engine: "farthing",
    threads: Number(threads),
    // The first token comes with the prompt.
    tokensPerSecond: steps / (millis / 1000),
    cpuMillisPerToken: (cpu.user + cpu.system) / 1000 / steps,
    prefillMillis,
  })}\n`,
);
