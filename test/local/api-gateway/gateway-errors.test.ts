import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningGateway, startGateway } from "./running-gateway.ts";

interface Row {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body?: string;
    readonly bodyBytes?: number;
    /** Header name → length of its value. */
    readonly headers?: Readonly<Record<string, number>>;
  };
  readonly status: number;
  readonly errorType: string;
  readonly body: unknown;
  readonly page: string;
}

const fixture = join(import.meta.dirname, "../../fixtures/api-gateway/gateway-errors.json");
const rows: readonly Row[] = JSON.parse(readFileSync(fixture, "utf8"));

let running: RunningGateway;
let url: string;

beforeAll(async () => {
  running = await startGateway();
  const faults = await running.addFunction("faults", { Timeout: 1 });
  const echo = await running.addFunction("echo");
  const verbatim = await running.addFunction("streams.verbatim", { Timeout: 1 });
  await running.addRoute("/streamed", await running.addFunction("streams"));
  await running.addRoute("/posts-only", echo, { httpMethod: "POST" });
  const validator = await running.create("AWS::ApiGateway::RequestValidator", {
    RestApiId: running.apiId,
    ValidateRequestParameters: true,
  });
  await running.addRoute("/validated", echo, {
    httpMethod: "GET",
    method: { RequestValidatorId: validator.ref, RequestParameters: { "method.request.querystring.colour": true } },
  });
  await running.addRoute("/throttled", echo);
  await running.addRoute("/forbidden", await running.addFunction("echo"), { permitted: false });
  await running.addRoute("/switched-off", await running.addFunction("echo", { ReservedConcurrentExecutions: 0 }));
  await running.addRoute("/slow", faults, { transferMode: "BUFFERED", timeoutMillis: 300 });
  await running.addRoute("/slow-stream", verbatim, { timeoutMillis: 300 });
  await running.addRoute("/buffered", faults, { transferMode: "BUFFERED" });
  await running.addRoute("/throws-first", await running.addFunction("streams.throwsFirst"));
  await running.addRoute("/not-streaming", echo);
  url = await running.deploy({
    MethodSettings: [
      { ResourcePath: "/~1throttled", HttpMethod: "*", ThrottlingRateLimit: 0, ThrottlingBurstLimit: 0 },
    ],
  });
});
afterAll(() => running.stop());

function send({ method, path, body, bodyBytes, headers }: Row["request"]): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, length]) => [name, "x".repeat(length)])),
    ...(bodyBytes === undefined ? {} : { body: Buffer.alloc(bodyBytes, 120) }),
    ...(body === undefined ? {} : { body }),
  });
}

test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
  const response = await send(row.request);
  expect(response.status).toBe(row.status);
  expect(response.headers.get("x-amzn-errortype")).toBe(row.errorType);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get("x-amz-apigw-id")).toMatch(/^[\w+/]{15}=$/);
  expect(await response.json()).toEqual(row.body);
});

test("every row names the page that says so", () => {
  expect(rows.filter(({ page }) => !/^https:\/\/(docs|repost)\.aws/.test(page))).toEqual([]);
});
