import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { credentialsFromEnvironment } from "../../../adapters/aws/credentials.ts";
import { createSignedClient, endpointOf, type SignedRequest } from "../../../adapters/aws/signed-client.ts";
import { createTransport, readBody } from "../../../adapters/http/transport.ts";

const REQUEST: SignedRequest = {
  method: "POST",
  path: "/",
  headers: {},
  body: "{}",
  silenceTimeoutMillis: 2_000,
  retry: "always",
};

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A service that answers the nth request as the nth listener says, the last one from then on. */
async function serviceOf(...answers: RequestListener[]) {
  let requests = 0;
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests++, answers.length - 1)] as RequestListener;
    request.resume().on("end", () => answer(request, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const waits: number[] = [];
  const client = createSignedClient({
    service: "dynamodb",
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    clock: () => 0,
    transport: createTransport(),
    world: {
      random: () => 0.5,
      sleep: async (millis) => {
        waits.push(millis);
      },
    },
  });
  const send = async (overrides: Partial<SignedRequest> = {}) =>
    (await readBody(await client.send({ ...REQUEST, ...overrides }))).toString();
  return { send, waits, requests: () => requests };
}

const ok: RequestListener = (_, response) => response.end("ok");
const status =
  (code: number, body = ""): RequestListener =>
  (_, response) =>
    response.writeHead(code).end(body);
const hangUp: RequestListener = (request) => request.socket.destroy();

test("an answer comes back, over one connection that is kept", async () => {
  const ports = new Set<number | undefined>();
  const { send } = await serviceOf((request, response) => {
    ports.add(request.socket.remotePort);
    response.end("ok");
  });
  expect([await send(), await send(), await send()]).toEqual(["ok", "ok", "ok"]);
  expect(ports.size).toBe(1);
});

test.each([
  ["a fault of the service", status(500)],
  ["throttling", status(400, '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}')],
  ["a connection that breaks", hangUp],
])("%s is met with a second and a third try, at random and growing distance", async (_, failure) => {
  const { send, waits } = await serviceOf(failure, failure, ok);
  expect(await send()).toBe("ok");
  expect(waits).toEqual([25, 50]);
});

test("after three tries it is given up", async () => {
  const { send, requests } = await serviceOf(status(503, '{"message":"busy"}'));
  await expect(send()).rejects.toMatchObject({ status: 503, message: expect.stringContaining("busy") });
  expect(requests()).toBe(3);
});

test.each([
  [
    "JSON",
    status(400, '{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}'),
    { code: "AccessDeniedException", status: 400, message: "AccessDeniedException (HTTP 400): not authorized" },
  ],
  [
    "XML",
    status(404, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"),
    { code: "NoSuchKey", status: 404 },
  ],
  ["nothing readable", status(403, "{oops"), { code: "UnknownError", status: 403 }],
])("a refusal in %s is named, and not tried again", async (_, refusal, expected) => {
  const { send, requests } = await serviceOf(refusal);
  await expect(send()).rejects.toMatchObject(expected);
  expect(requests()).toBe(1);
});

test("what must not happen twice is sent again only if it cannot have happened", async () => {
  const broken = await serviceOf(hangUp);
  await expect(broken.send({ retry: "never-arrived" })).rejects.toMatchObject({ name: "NoAnswer" });
  expect(broken.requests()).toBe(1);
  const failed = await serviceOf(status(500));
  await expect(failed.send({ retry: "never-arrived" })).rejects.toMatchObject({ status: 500 });
  expect(failed.requests()).toBe(1);
  const throttled = await serviceOf(status(429, '{"__type":"TooManyRequestsException"}'), ok);
  expect(await throttled.send({ retry: "never-arrived" })).toBe("ok");
});

test("a kept connection that was closed meanwhile, as after a freeze, is not the request's fault", async () => {
  const { send } = await serviceOf((request, response) => {
    response.end("ok", () => setImmediate(() => request.socket.destroy()));
  });
  expect(await send({ retry: "never-arrived" })).toBe("ok");
  expect(await send({ retry: "never-arrived" })).toBe("ok");
});

test("a service that falls silent is not waited for", async () => {
  const { send } = await serviceOf(() => {}, ok);
  expect(await send({ silenceTimeoutMillis: 30 })).toBe("ok");
});

test("an answer that breaks off is an error, not half an answer", async () => {
  const { send } = await serviceOf((request, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("half", () => request.socket.destroy());
  });
  await expect(send()).rejects.toMatchObject({ name: "NoAnswer" });
});

test("nobody listening is an error that names the address", async () => {
  const client = createSignedClient({
    service: "s3",
    region: "us-east-1",
    endpoint: "http://127.0.0.1:1",
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    clock: () => 0,
    transport: createTransport(),
    world: { random: () => 0, sleep: async () => {} },
  });
  await expect(client.send(REQUEST)).rejects.toMatchObject({
    neverArrived: true,
    message: expect.stringContaining("127.0.0.1:1"),
  });
});

test("endpoints are AWS's own unless a variable names another", () => {
  expect(endpointOf("s3", "eu-central-1", {})).toBe("https://s3.eu-central-1.amazonaws.com");
  expect(endpointOf("dynamodb", "cn-north-1", {})).toBe("https://dynamodb.cn-north-1.amazonaws.com.cn");
  const variables = { AWS_ENDPOINT_URL: "http://all", AWS_ENDPOINT_URL_S3: "http://s3" };
  expect([endpointOf("s3", "x", variables), endpointOf("lambda", "x", variables)]).toEqual(["http://s3", "http://all"]);
});

test("credentials come from Lambda's variables, or are missed by name", () => {
  expect(
    credentialsFromEnvironment({ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c" }),
  ).toEqual({
    accessKeyId: "a",
    secretAccessKey: "b",
    sessionToken: "c",
  });
  expect(() => credentialsFromEnvironment({})).toThrow("AWS_ACCESS_KEY_ID");
});
