/** The API served inside the threads of the function that answers it. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause, until } from "../lambda/waiting.ts";
import { type RunningGateway, startGateway } from "./running-gateway.ts";

const THREADS = 2;
const managed = (handler: string, concurrency: number) => ({
  FunctionName: handler,
  MemorySize: 2048,
  Timeout: 2,
  CapacityProviderConfig: {
    LambdaManagedInstancesCapacityProviderConfig: {
      CapacityProviderArn: "arn:aws:lambda:us-east-1:123456789012:capacity-provider:here",
      PerExecutionEnvironmentMaxConcurrency: concurrency,
    },
  },
});

interface Asked {
  readonly name?: string;
  readonly pause?: number;
  readonly block?: number;
  readonly fault?: "exit" | "throw";
  readonly echo?: string;
}

interface Served {
  readonly status: number;
  readonly pid: number;
  readonly threadId: number;
  readonly echo?: string;
  readonly text: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** One API with a function on managed instances at /here, and one on demand at /there. */
async function start(concurrency = 8, maxQueuedRequests = 100, stage: Record<string, unknown> = {}) {
  const running = await startGateway({ BinaryMediaTypes: ["*/*"] }, { maxQueuedRequests });
  const farewell = join(mkdtempSync(join(tmpdir(), "farthing-farewell-")), "farewell");
  const here = await running.addFunction("in-threads", {
    ...managed("in-threads", concurrency),
    Environment: { Variables: { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(THREADS), FAREWELL: farewell } },
  });
  await running.addRoute("/here", here, { transferMode: "BUFFERED" });
  await running.addRoute("/here/too", here, { transferMode: "BUFFERED" });
  await running.addRoute("/forbidden", here, { transferMode: "BUFFERED", permitted: false });
  const there = await running.addFunction("streams", { FunctionName: "there" });
  await running.addRoute("/there", there);
  await running.lambda.start?.();
  const url = await running.deployInThreads(stage);
  return { running, url, farewell };
}

function ask(url: string, path: string, asked: object = {}, agent?: Agent, signal?: AbortSignal): Promise<Served> {
  return new Promise((resolve, reject) => {
    const asking = request(
      `${url}${path}`,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        ...(agent && { agent }),
        ...(signal && { signal }),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const json = text.startsWith('{"pid"') ? JSON.parse(text) : {};
          resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers, ...json });
        });
      },
    );
    asking.on("error", reject);
    asking.end(JSON.stringify(asked));
  });
}

const many = (count: number, url: string, asked: Asked, agent?: Agent) =>
  Promise.all(Array.from({ length: count }, () => ask(url, "/here", asked, agent)));

describe("while its threads live", () => {
  let running: RunningGateway;
  let url: string;
  let farewell: string;

  beforeAll(async () => {
    ({ running, url, farewell } = await start());
  });
  afterAll(() => running.stop());

  test("a request is answered in the process of the function, with the gateway's own headers", async () => {
    const answer = await ask(url, "/here", { echo: "ä\u0000🙂" });
    expect(answer).toMatchObject({ status: 200, echo: "ä\u0000🙂" });
    expect(answer.pid).not.toBe(process.pid);
    expect(answer.headers).toMatchObject({
      "x-amzn-requestid": expect.any(String),
      "content-length": expect.any(String),
    });
  });

  test("a burst on one connection after the other uses every thread", async () => {
    const answers = await many(16, url, { pause: 100 });
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1);
    const perThread = Object.values(Object.groupBy(answers, ({ threadId }) => threadId)).map((each) => each?.length);
    expect(perThread).toHaveLength(THREADS);
    expect(Math.min(...(perThread as number[]))).toBeGreaterThanOrEqual(4);
  });

  test("what another function answers goes on to it, streams and refusals included", async () => {
    const big = await ask(url, "/there", { chunks: 40, bytes: 50_000 });
    expect([big.status, big.text.length]).toEqual([200, 2_000_000]);
    expect(await ask(url, "/nowhere")).toMatchObject({ status: 403 });
    expect(await ask(url, "/forbidden")).toMatchObject({ status: 500 });
  });

  test("a function that throws or takes too long costs its own caller an error", async () => {
    const [thrown, late, well] = await Promise.all([
      ask(url, "/here", { fault: "throw" }),
      ask(url, "/here", { pause: 3000 }),
      ask(url, "/here", {}),
    ]);
    expect([thrown.status, late.status, well.status]).toEqual([502, 502, 200]);
  });

  test("a caller that leaves is told to the request that runs for it", async () => {
    const caller = new AbortController();
    const left = ask(url, "/here", { name: "left-alone", pause: 1500 }, undefined, caller.signal).catch(() => "left");
    await until(() => running.lines.some(([, line]) => line.includes("serves left-alone")));
    caller.abort();
    expect(await left).toBe("left");
    await until(() => running.lines.some(([, line]) => line.includes("left-alone was left")));
  });

  test("the platform reports and logs each request that it never saw", async () => {
    const before = running.events.filter(({ type }) => type === "invocation").length;
    await many(5, url, { name: "reported" });
    await until(() => running.events.filter(({ type }) => type === "invocation").length >= before + 5);
    expect(running.lines.filter(([, line]) => line.includes("serves reported"))).toHaveLength(5);
  });

  test("new code takes the port over from the old, and no request is lost meanwhile", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const old = (await ask(url, "/here")).pid;
    let stop = false;
    const statuses = new Map<number | string, number>();
    const asking = (async () => {
      while (!stop) {
        const status = await ask(url, "/here", {}).then(
          (answer) => answer.status,
          (error) => String(error.code),
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        await pause(2);
      }
    })();
    await running.lambda.replaceCode("in-threads", running.assets);
    await until(() => existsSync(farewell));
    for (let fresh = old; fresh === old; fresh = (await ask(url, "/here", {})).pid) await pause(20);
    await pause(300);
    stop = true;
    await asking;
    agent.destroy();
    const { 200: answered, ...others } = Object.fromEntries(statuses);
    expect(answered).toBeGreaterThan(10);
    // A connection that had been accepted by nobody yet when its listener closed is reset, once at most for each change of hands.
    expect(Object.values(others).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2);
  });

  test("a process that dies leaves the port to the platform, and the next one takes it again", async () => {
    const { pid } = await ask(url, "/here");
    await ask(url, "/here", { fault: "exit" }).catch(() => undefined);
    let next: Served | undefined;
    await until(() => true);
    for (let attempt = 0; attempt < 200 && (next?.status !== 200 || next.pid === pid); attempt++) {
      next = await ask(url, "/here").catch(() => undefined);
      await pause(10);
    }
    expect(next?.status).toBe(200);
    expect(next?.pid).not.toBe(pid);
  });
});

test("beyond what the function takes at once requests wait, and beyond that they are throttled", async () => {
  const { running, url } = await start(2, 4);
  try {
    const answers = await many(40, url, { pause: 300 });
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
  } finally {
    await running.stop();
  }
});

test("a stage's limit is one for all of its threads", async () => {
  const { running, url } = await start(64, 100, {
    MethodSettings: [{ ResourcePath: "/*", HttpMethod: "*", ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 20 }],
  });
  try {
    const answers = await many(60, url, { pause: 20 });
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
  } finally {
    await running.stop();
  }
});

test("a thread that ends in peace says farewell, and its lines are all there", async () => {
  const { running, url, farewell } = await start();
  await many(20, url, { name: "last words" });
  await running.stop();
  expect(running.lines.filter(([, line]) => line.includes("serves last words"))).toHaveLength(20);
  expect(readFileSync(farewell, "utf8")).toBe("farewell");
});
