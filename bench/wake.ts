/**
 * The story of a GPU that sleeps, on the local platform: awake → zero copies → 50 callers at once with different wishes. Each gets
 * what it was promised, none is lost, and what the instance costs is shown: idle for an hour, asleep, and for this wake-up.
 * `npm run bench -- wake [seconds of a wake-up]`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DescribeInferenceComponentCommand,
  SageMakerClient,
  UpdateInferenceComponentRuntimeConfigCommand,
} from "@aws-sdk/client-sagemaker";
import { usEast1 } from "../core/pricing/price-book.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import type { Report } from "./report.ts";
import { type Answer, type CallerClass, CLASSES } from "./wake/classes.ts";

const MODEL = "glossary-endpoint";
const STAND_IN = "glossary";
const COMPONENT = `farthing-local-${MODEL}`;
const INSTANCE = "ml.g6.xlarge";
/** Requests at once: each is held by a process of its own, as on demand in Lambda. */
const ENVIRONMENTS = 24;
const JOBS_WITHIN_MILLIS = 150_000;

export async function run([seconds = "15"]: readonly string[]): Promise<Report> {
  const platform = await startPlatform(["--gpu-wake", seconds, "--environments", String(ENVIRONMENTS)]);
  try {
    return await story(platform, Number(seconds) * 1000);
  } finally {
    await platform.stop();
  }
}

async function story(platform: LocalPlatform, wakeMillis: number): Promise<Report> {
  const api = callerOf(platform);
  const sagemaker = new SageMakerClient(settingsOf(platform));
  const copies = async () => {
    const found = await sagemaker.send(new DescribeInferenceComponentCommand({ InferenceComponentName: COMPONENT }));
    return found.RuntimeConfig?.CurrentCopyCount ?? 0;
  };
  // Created with a copy, as SageMaker does it.
  while ((await copies()) === 0) await sleep(100);
  // A full house of routers, so that the burst meets processes and not their starts.
  await Promise.all(Array.from({ length: ENVIRONMENTS }, () => api.get("/v1/jobs")));
  // What the scaling policy does after the idle time-out that the price book gives.
  const zero = { InferenceComponentName: COMPONENT, DesiredRuntimeConfig: { CopyCount: 0 } };
  await sagemaker.send(new UpdateInferenceComponentRuntimeConfigCommand(zero));
  while ((await copies()) > 0) await sleep(100);

  const startedAt = performance.now();
  const classes = CLASSES(MODEL, STAND_IN, wakeMillis);
  const burst = classes.flatMap((callers, index) =>
    Array.from({ length: callers.count }, async (_, number) => ({
      callers,
      answer: await api.ask(callers, `${index}-${number}`),
    })),
  );
  const woke = (async () => {
    while ((await copies()) === 0) await sleep(100);
    return performance.now() - startedAt;
  })();
  const answers = await Promise.all(burst);
  const jobs = await endedJobs(api, startedAt);
  const awakeAfter = await woke;
  sagemaker.destroy();
  return report({ classes, answers, jobs, awakeAfter });
}

interface Ended {
  readonly classes: readonly CallerClass[];
  readonly answers: readonly { readonly callers: CallerClass; readonly answer: Answer }[];
  readonly jobs: readonly Job[];
  readonly awakeAfter: number;
}

interface Job {
  readonly status: string;
  readonly price_usd: string | null;
  readonly created_at: number;
  readonly finished_at: number | null;
}

async function endedJobs(api: ReturnType<typeof callerOf>, startedAt: number): Promise<readonly Job[]> {
  for (;;) {
    const { data } = (await api.get("/v1/jobs?limit=100")) as { readonly data: readonly Job[] };
    const isOver = data.every(({ finished_at }) => finished_at !== null);
    if (isOver || performance.now() - startedAt > JOBS_WITHIN_MILLIS) return data;
    await sleep(500);
  }
}

function report({ classes, answers, jobs, awakeAfter }: Ended): Report {
  const usdPerHour = Number(usEast1.sagemakerHour[INSTANCE]);
  const rows = classes.map((callers) => {
    const own = answers.filter((one) => one.callers === callers).map(({ answer }) => answer);
    const kept = own.filter((answer) => callers.kept(answer) && answer.millis <= callers.withinMillis);
    const slowest = Math.max(...own.map(({ millis }) => millis));
    const others = own.filter((answer) => !kept.includes(answer)).map(({ status, by }) => `${status} ${by}`);
    return [
      callers.name,
      `${kept.length}/${own.length}`,
      `${(slowest / 1000).toFixed(1)} s`,
      [...new Set(others)].join(", "),
    ];
  });
  const keptCount = rows.reduce((sum, [, kept = ""]) => sum + Number(kept.split("/")[0]), 0);
  const succeeded = jobs.filter(({ status }) => status === "succeeded").length;
  const lost =
    answers.filter(({ answer }) => answer.status === 0).length + jobs.filter((job) => job.finished_at === null).length;
  const usd = (amount: number) => `${amount.toFixed(5)} USD`;
  const wakeUsd = (usdPerHour / 3600) * (awakeAfter / 1000);
  return {
    title: `${answers.length} callers at once meet a model that sleeps`,
    columns: ["caller", "promise kept", "slowest", "others"],
    rows: [...rows, ["jobs, in the end", `${succeeded}/${jobs.length}`, "", ""]],
    notes: [
      `awake after ${(awakeAfter / 1000).toFixed(1)} s; lost: ${lost}`,
      `${INSTANCE}: ${usd(usdPerHour)} for an hour of idling, 0 USD for an hour of sleep, ${usd(wakeUsd)} for this wake-up`,
      "The platform's processes stand in for Lambda and for the GPU; times are of this machine, prices of the price book.",
    ],
    figures: {
      benchmark: "wake",
      callers: answers.length,
      promisesKept: keptCount,
      jobs: jobs.length,
      jobsSucceeded: succeeded,
      lost,
      awakeAfterSeconds: Number((awakeAfter / 1000).toFixed(2)),
      idleUsdPerHour: usdPerHour,
      wakeUpUsd: Number(wakeUsd.toFixed(6)),
    },
  };
}

function callerOf({ url, apiKey }: LocalPlatform) {
  const authorization = `Bearer ${apiKey}`;
  return {
    async get(path: string): Promise<unknown> {
      return (await fetch(`${url}${path}`, { headers: { authorization } })).json();
    },
    async ask(caller: Pick<CallerClass, "headers" | "streams">, word: string): Promise<Answer> {
      const startedAt = performance.now();
      const end = (answer: Omit<Answer, "millis">): Answer => ({ ...answer, millis: performance.now() - startedAt });
      try {
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization, "content-type": "application/json", ...caller.headers },
          body: JSON.stringify({
            model: MODEL,
            messages: [{ role: "user", content: `farthing ${word}` }],
            max_tokens: 6,
            stream: caller.streams,
          }),
        });
        const text = await response.text();
        return end({
          status: response.status,
          by: response.status === 202 ? "job" : (/"model":"([^"]+)"/.exec(text)?.[1] ?? text.slice(0, 200)),
          applied: response.headers.get("preference-applied") ?? "",
          priceUsd: Number(response.headers.get("x-farthing-price-usd") ?? 0),
        });
      } catch (error) {
        return end({ status: 0, by: String(error), applied: "", priceUsd: 0 });
      }
    },
  };
}

/** As `farthing up` writes it down for other commands. */
function settingsOf({ stateDirectory }: LocalPlatform) {
  const { awsEndpointUrl, region, credentials } = JSON.parse(
    readFileSync(join(stateDirectory, "platform.json"), "utf8"),
  ) as {
    readonly awsEndpointUrl: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  return { endpoint: awsEndpointUrl, region, credentials };
}
