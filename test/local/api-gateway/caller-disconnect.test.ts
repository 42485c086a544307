import { until } from "../lambda/waiting.ts";
import { type RunningGateway, startGateway } from "./running-gateway.ts";

let running: RunningGateway;
let url: string;

const MANAGED = {
  MemorySize: 2048,
  CapacityProviderConfig: {
    LambdaManagedInstancesCapacityProviderConfig: {
      CapacityProviderArn: "arn:aws:lambda:us-east-1:123456789012:capacity-provider:here",
      PerExecutionEnvironmentMaxConcurrency: 4,
    },
  },
  Environment: { Variables: { AWS_LAMBDA_NODEJS_WORKER_COUNT: "1" } },
};

beforeAll(async () => {
  running = await startGateway();
  await running.addRoute("/many", await running.addFunction("caller", { FunctionName: "many", ...MANAGED }), {
    transferMode: "BUFFERED",
  });
  await running.addRoute("/one", await running.addFunction("caller", { FunctionName: "one" }), {
    transferMode: "BUFFERED",
  });
  url = await running.deploy();
});
afterAll(() => running.stop());

const logged = (text: string) => running.lines.some(([, line]) => line.includes(text));

function ask(path: string, name: string, millis: number) {
  const caller = new AbortController();
  const body = JSON.stringify({ name, millis });
  const answer = fetch(url + path, { method: "POST", body, signal: caller.signal });
  return { caller, answer };
}

test("where many requests share a process, a client that hangs up stops the work for its own request", async () => {
  const going = ask("/many", "going", 10_000);
  const staying = ask("/many", "staying", 300);
  const broken = expect(going.answer).rejects.toThrow();
  await until(() => logged("going begins told") && logged("staying begins"));
  going.caller.abort();
  await broken;
  await until(() => logged("going left by its caller"));
  expect((await staying.answer).status).toBe(200);
  expect(logged("staying done")).toBe(true);
});

test("a function that holds one request does not learn of it", async () => {
  const going = ask("/one", "alone", 300);
  const broken = expect(going.answer).rejects.toThrow();
  await until(() => logged("alone begins untold"));
  going.caller.abort();
  await broken;
  await until(() => logged("alone done"));
});

test("an answer that has arrived is not taken back when its connection closes", async () => {
  const { answer } = ask("/many", "quick", 0);
  expect((await answer).status).toBe(200);
  const next = await fetch(`${url}/many`, {
    method: "POST",
    headers: { connection: "close" },
    body: JSON.stringify({ name: "last", millis: 0 }),
  });
  expect(next.status).toBe(200);
  expect(logged("quick done") && logged("last done")).toBe(true);
  expect(logged("quick left") || logged("last left")).toBe(false);
});
