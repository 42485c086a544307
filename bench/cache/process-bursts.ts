/** Bursts of one question on the whole platform: eight execution environments are processes here, and the model a server of this bench. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { farthing, type LocalPlatform, startPlatform } from "../local-platform.ts";
import { type SlowEngine, startSlowEngine } from "./slow-engine.ts";

export interface Bursts {
  readonly callers: number;
  readonly environments: number;
  readonly count: number;
}

const MODEL = "slow-chat";
const CARD = resolve(import.meta.dirname, "../../test/fixtures/upstreams/far-chat/model.json");
const WORD_MILLIS = 100;
/** Each environment has answered then, and is connected: a cold one makes no connection before its first answer. */
const WARM_ROUNDS = 5;

const configWith = (url: string) => ({
  environments: {
    local: {
      removal: "destroy",
      protectData: false,
      tracing: false,
      cache: {},
      router: { architecture: "host" },
      modelGroups: [{ name: "small", memoryMb: 1769, architecture: "host" }],
      upstreams: [{ name: "slow", url, models: { [MODEL]: "slow" } }],
    },
  },
});

/** How often each burst called the model. */
export async function processBursts({ callers, environments, count }: Bursts): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), "farthing-bursts-"));
  const engine = await startSlowEngine(WORD_MILLIS);
  const config = join(folder, "farthing.config.mjs");
  writeFileSync(config, `export default ${JSON.stringify(configWith(engine.url))};\n`);
  const platform = await startPlatform(["--config", config, "--no-demo", "--environments", String(environments)]);
  try {
    await publish(platform, folder);
    for (let round = 0; round < WARM_ROUNDS; round++) {
      await Promise.all(Array.from({ length: environments }, (_, index) => ask(platform, `warm ${round} ${index}`)));
    }
    const calls: number[] = [];
    for (let burst = 0; burst < count; burst++) calls.push(await oneBurst(platform, engine, `burst ${burst}`, callers));
    return calls;
  } finally {
    await platform.stop();
    engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneBurst(
  platform: LocalPlatform,
  engine: SlowEngine,
  question: string,
  callers: number,
): Promise<number> {
  const answers = await Promise.all(Array.from({ length: callers }, () => ask(platform, question)));
  const texts = new Set(answers);
  if (texts.size !== 1) throw new Error(`${callers} callers got ${texts.size} answers: ${[...texts].join("; ")}`);
  return engine.calls(question);
}

async function publish({ stateDirectory }: LocalPlatform, folder: string): Promise<void> {
  const card = JSON.parse(readFileSync(CARD, "utf8")) as object;
  mkdirSync(join(folder, MODEL));
  writeFileSync(
    join(folder, MODEL, "model.json"),
    JSON.stringify({ ...card, name: MODEL, cache: { ttlSeconds: 600 } }),
  );
  await farthing(["model", "publish", MODEL, join(folder, MODEL), "--state", stateDirectory]);
}

async function ask({ url, apiKey }: LocalPlatform, content: string): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content }], temperature: 0 }),
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`the API answered ${response.status}: ${body.slice(0, 200)}`);
  return (JSON.parse(body) as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? "";
}
