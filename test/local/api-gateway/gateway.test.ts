import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { until } from "../lambda/waiting.ts";
import { type RunningGateway, startGateway } from "./running-gateway.ts";

let running: RunningGateway;
let url: string;

beforeAll(async () => {
  running = await startGateway();
  const echo = await running.addFunction("faults.answer", { FunctionName: "answer" });
  await running.addRoute(
    "/streams",
    await running.addFunction("streams", { FunctionName: "streams", MemorySize: 256 }),
  );
  await running.addRoute(
    "/slow-client",
    await running.addFunction("streams", { FunctionName: "slow-client", MemorySize: 256 }),
  );
  await running.addRoute("/verbatim", await running.addFunction("streams.verbatim"));
  await running.addRoute("/answer", echo, { transferMode: "BUFFERED" });
  const events = await running.addFunction("events", { FunctionName: "events" });
  for (const path of ["/v1/{proxy+}", "/v2/models/{name}", "/v2/models/{name}/{proxy+}", "/v2/models/digits"]) {
    await running.addRoute(path, events);
  }
  await running.addRoute("/preflight", echo, {
    httpMethod: "OPTIONS",
    method: {
      Integration: {
        Type: "MOCK",
        RequestTemplates: { "application/json": "{ statusCode: 204 }" },
        IntegrationResponses: [
          { StatusCode: "204", ResponseParameters: { "method.response.header.Access-Control-Allow-Origin": "'*'" } },
        ],
      },
    },
  });
  await running.create("AWS::ApiGateway::GatewayResponse", {
    RestApiId: running.apiId,
    ResponseType: "DEFAULT_4XX",
    ResponseParameters: {
      "gatewayresponse.header.x-request": "context.requestId",
      "gatewayresponse.header.access-control-allow-origin": "'*'",
    },
    ResponseTemplates: {
      "application/json": '{"error":{"message":$context.error.messageString,"code":"$context.error.responseType"}}',
    },
  });
  url = await running.deploy({
    AccessLogSetting: {
      DestinationArn: "arn:aws:logs:us-east-1:123456789012:log-group:/access",
      Format:
        '{"id":"$context.requestId","path":"$context.path","resource":"$context.resourcePath","status":"$context.status","bytes":"$context.responseLength","user":"$context.authorizer.principalId","error":"$context.error.message"}',
    },
    Variables: { colour: "green" },
  });
});
afterAll(() => running.stop());

const eventOf = async (response: Response | Promise<Response>): Promise<APIGatewayProxyEvent> =>
  (await (await response).json()) as APIGatewayProxyEvent;
const post = (path: string, value: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, { method: "POST", body: JSON.stringify(value), headers });

test("the event is the one of a REST API's proxy integration", async () => {
  const response = await fetch(`${url}/v2/models/a%20b/infer/x%2Fy?q=1&q=2&empty=&caf%C3%A9=au+lait`, {
    method: "POST",
    body: "grüße",
    headers: {
      "Content-Type": "text/plain",
      "X-Twice": "one",
      "x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793",
    },
  });
  const event = await eventOf(response);
  expect(event).toMatchObject({
    resource: "/v2/models/{name}/{proxy+}",
    path: "/v2/models/a%20b/infer/x%2Fy",
    httpMethod: "POST",
    queryStringParameters: { q: "2", empty: "", café: "au lait" },
    multiValueQueryStringParameters: { q: ["1", "2"], empty: [""], café: ["au lait"] },
    pathParameters: { name: "a b", proxy: "infer/x/y" },
    stageVariables: { colour: "green" },
    body: Buffer.from("grüße").toString("base64"),
    isBase64Encoded: true,
    requestContext: {
      resourcePath: "/v2/models/{name}/{proxy+}",
      httpMethod: "POST",
      stage: "live",
      apiId: running.apiId,
      accountId: "123456789012",
      protocol: "HTTP/1.1",
      domainName: "127.0.0.1",
      requestId: response.headers.get("x-amzn-requestid"),
      extendedRequestId: response.headers.get("x-amz-apigw-id"),
      identity: { sourceIp: "127.0.0.1", userAgent: expect.any(String), user: null },
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      requestTimeEpoch: expect.any(Number),
    },
  });
  expect(event.multiValueHeaders["x-twice"] ?? event.multiValueHeaders["X-Twice"]).toEqual(["one"]);
  expect(event.headers["X-Amzn-Trace-Id"]).toBe("Root=1-5759e988-bd862e3fe1be46a994272793");
  expect(event.headers["X-Forwarded-For"]).toBe("127.0.0.1");
  expect(Object.keys(event.headers).map((name) => name.toLowerCase())).not.toContain("connection");
  const empty = await eventOf(fetch(`${url}/v1/models`));
  expect(empty).toMatchObject({
    body: null,
    isBase64Encoded: false,
    queryStringParameters: null,
    pathParameters: { proxy: "models" },
  });
});

test("names that clients choose cannot reach the event's prototype", async () => {
  const event = await eventOf(fetch(`${url}/v1/x?__proto__=1&constructor=2`));
  expect(Object.entries(event.queryStringParameters ?? {})).toEqual([
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
});

test.each([
  ["/v2/models/digits", "/v2/models/digits"],
  ["/v2/models/digits/", "/v2/models/digits"],
  ["/v2/models/digits/infer", "/v2/models/{name}/{proxy+}"],
  ["/v2/models/other", "/v2/models/{name}"],
  ["/v1/a/b/c", "/v1/{proxy+}"],
])("%s is answered by %s", async (path, resource) => {
  expect((await eventOf(fetch(url + path))).resource).toBe(resource);
});

test.each(["/v1", "/v1/", "/v2/models", "/v2/models//", "/V1/a"])("%s has no resource", async (path) => {
  expect((await fetch(url + path)).status).toBe(403);
});

test("a gateway error takes the form of the API's gateway response", async () => {
  const response = await fetch(`${url}/nothing`);
  expect(response.status).toBe(403);
  expect(response.headers.get("x-request")).toBe(response.headers.get("x-amzn-requestid"));
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(await response.json()).toEqual({
    error: { message: "Missing Authentication Token", code: "MISSING_AUTHENTICATION_TOKEN" },
  });
});

test("a mock integration answers a preflight", async () => {
  const response = await fetch(`${url}/preflight`, { method: "OPTIONS" });
  expect(response.status).toBe(204);
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
});

test("a streamed answer has the status, headers and cookies of its metadata", async () => {
  const text = `${JSON.stringify({
    statusCode: 201,
    headers: { "content-type": "text/event-stream", "WWW-Authenticate": "Bearer", "content-length": "999" },
    multiValueHeaders: { "x-many": ["a", "b"] },
    cookies: ["a=1", "b=2"],
  })}${"\0".repeat(8)}data: 1\n\n`;
  const response = await post("/verbatim", { text });
  expect(response.status).toBe(201);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("x-many")).toBe("a, b");
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(response.headers.get("www-authenticate")).toBeNull();
  expect(response.headers.get("x-amzn-remapped-www-authenticate")).toBe("Bearer");
  expect(response.headers.get("content-length")).toBeNull();
  expect(await response.text()).toBe("data: 1\n\n");
});

const NUL = "\0".repeat(8);
test.each([
  ["nothing at all", ""],
  ["no delimiter", '{"statusCode":200}'],
  ["a delimiter that is too short", `{"statusCode":200}${"\0".repeat(7)}body`],
  ["no JSON", `statusCode=200${NUL}`],
  ["a list", `[]${NUL}`],
  ["a status that is none", `{"statusCode":99}${NUL}`],
  ["a status as text", `{"statusCode":"200"}${NUL}`],
  ["a header that is a number", `{"statusCode":200,"headers":{"content-length":5}}${NUL}`],
  ["a line break in a header's value", `{"statusCode":200,"headers":{"x-a":"b\\r\\nset-cookie: stolen=1"}}${NUL}`],
  ["a line break in a header's name", `{"statusCode":200,"headers":{"x-a: b\\r\\nset-cookie":"stolen=1"}}${NUL}`],
  ["a line break in a cookie", `{"statusCode":200,"cookies":["a=1\\r\\nx-injected: 1"]}${NUL}`],
  ["metadata over 16 KiB", `{"statusCode":200,"headers":{"x":"${"y".repeat(17_000)}"}}${NUL}`],
])("metadata with %s is a bad gateway", async (_what, text) => {
  const response = await post("/verbatim", { text });
  expect(response.status).toBe(502);
  expect(response.headers.get("set-cookie")).toBeNull();
  expect(response.headers.get("x-injected")).toBeNull();
  expect(await response.json()).toEqual({ message: "Internal server error" });
});

test("buffered answers: text, base64 that the client accepts, and none at all", async () => {
  const text = await post("/answer", { statusCode: 404, headers: { "x-a": 1 }, body: "grüße" });
  expect([text.status, text.headers.get("x-a"), text.headers.get("content-type"), await text.text()]).toEqual([
    ...[404, "1", "application/json", "grüße"],
  ]);
  const binary = await post("/answer", { statusCode: 200, body: "AAEC", isBase64Encoded: true });
  expect([...new Uint8Array(await binary.arrayBuffer())]).toEqual([0, 1, 2]);
  expect((await post("/answer", { statusCode: 204 })).status).toBe(204);
  expect((await post("/answer", { statusCode: 200, headers: { "x-a": "b\r\nc: d" } })).status).toBe(502);
});

test("a stream that breaks off breaks the client's connection", async () => {
  const response = await post("/streams", { chunks: 3, bytes: 3, failAfter: 2 });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test("a client that goes away does not stop the function, and the next one is served", async () => {
  const before = running.events.length;
  const controller = new AbortController();
  const body = JSON.stringify({ chunks: 30, bytes: 1024 * 1024 });
  const response = await fetch(`${url}/streams`, { method: "POST", body, signal: controller.signal });
  await response.body?.getReader().read();
  controller.abort();
  const succeeded = () =>
    running.events
      .slice(before)
      .some((event) => event.type === "invocation" && event.functionName === "streams" && event.status === "success");
  await until(succeeded);
  expect(await (await post("/streams", { chunks: 1, bytes: 2 })).text()).toBe("aa");
});

test("a slow client holds the function back: 50 MB pile up on neither side", async () => {
  const invocations = () =>
    running.events.filter((event) => event.type === "invocation" && event.functionName === "slow-client");
  await (await post("/slow-client", { chunks: 1 })).text();
  await until(() => invocations().length === 1);
  const before = process.memoryUsage.rss();
  const body = JSON.stringify({ chunks: 50, bytes: 1024 * 1024 });
  // A bare socket: nothing reads ahead.
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(
    `POST /slow-client HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await once(socket, "readable");
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(invocations()).toHaveLength(1);
  expect((process.memoryUsage.rss() - before) / (1024 * 1024)).toBeLessThan(20);
  let bytes = 0;
  for await (const chunk of socket) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(50 * 1024 * 1024);
});

test("a hundred clients at once are all answered by at most four environments", async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => eventOf(fetch(`${url}/v1/${index}`))));
  expect(answers.map(({ pathParameters }) => pathParameters?.proxy)).toEqual(answers.map((_, index) => String(index)));
  const started = running.lines.filter(
    ([group, line]) => group === "/aws/lambda/events" && line.startsWith("INIT_START"),
  );
  expect(started.length).toBeLessThanOrEqual(4);
});

test("access logs say what became of each request", async () => {
  const good = await post("/streams", { chunks: 2, bytes: 5 });
  await good.text();
  const bad = await fetch(`${url}/nowhere`);
  await bad.text();
  const logged = () => running.lines.filter(([group]) => group === "/access").map(([, line]) => JSON.parse(line));
  const of = (response: Response) => logged().find(({ id }) => id === response.headers.get("x-amzn-requestid"));
  await until(() => of(good) !== undefined && of(bad) !== undefined);
  expect(of(good)).toMatchObject({
    path: "/streams",
    resource: "/streams",
    status: "200",
    bytes: "10",
    user: "-",
    error: "-",
  });
  expect(of(bad)).toMatchObject({
    path: "/nowhere",
    resource: "-",
    status: "403",
    error: "Missing Authentication Token",
  });
});

test("a path cannot write into the access log's other fields", async () => {
  const request = get(`${url}/v1/x`, { path: '/nowhere","status":"200' });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  const id = response.headers["x-amzn-requestid"];
  const line = () => running.lines.find(([group, text]) => group === "/access" && text.includes(String(id)))?.[1];
  await until(() => line() !== undefined);
  expect(JSON.parse(line() ?? "")).toMatchObject({ path: "/nowhere%22,%22status%22:%22200", status: "403" });
});

test("HEAD gets headers and no body", async () => {
  const response = await fetch(`${url}/streams`, { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
});
