import { request } from "node:http";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListBucketsCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createCloudFormationSimulator } from "../../../local/cloudformation/simulator.ts";
import { createDynamoDbSimulator } from "../../../local/dynamodb/simulator.ts";
import { createAwsEndpoint } from "../../../local/endpoint/aws-endpoint.ts";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import type { AwsService } from "../../../local/simulator.ts";
import { type ClientConfiguration, type RunningEndpoint, startEndpoint } from "./running-endpoint.ts";

/** A service that fails in its own code. */
const BROKEN: AwsService = {
  signingName: "lambda",
  buffersBody: true,
  permissions: () => [],
  handle: async () => {
    throw new Error("secret detail of the implementation");
  },
  deny: () => undefined,
};

let endpoint: RunningEndpoint;
let aheadMillis = 0;
beforeAll(async () => {
  endpoint = await startEndpoint(
    (context, access) => [
      createS3Simulator(context, { access }),
      createDynamoDbSimulator(context),
      createCloudFormationSimulator(context, { view: { stacks: () => [] } }),
      { resources: {}, service: BROKEN },
    ],
    { endpointClock: () => Date.now() + aheadMillis },
  );
  await endpoint.create("AWS::S3::Bucket", "B", { BucketName: "models" });
});
afterEach(() => {
  aheadMillis = 0;
});
afterAll(() => endpoint.stop());

const CALLS: Record<string, (configuration: ClientConfiguration) => Promise<unknown>> = {
  s3: (configuration) => new S3Client(configuration).send(new ListBucketsCommand({})),
  dynamodb: (configuration) => new DynamoDBClient(configuration).send(new ListTablesCommand({})),
  cloudformation: (configuration) => new CloudFormationClient(configuration).send(new DescribeStacksCommand({})),
};
const withCredentials = (more: Partial<ClientConfiguration["credentials"]>): ClientConfiguration => ({
  ...endpoint.asOperator,
  credentials: { ...endpoint.asOperator.credentials, ...more },
});

test.each([
  ["s3", "InvalidAccessKeyId", 403],
  ["dynamodb", "UnrecognizedClientException", 400],
  ["cloudformation", "InvalidClientTokenId", 403],
])("an unknown key is %s's %s", async (service, name, httpStatusCode) => {
  const call = CALLS[service]?.(withCredentials({ accessKeyId: "AKIAUNKNOWN" }));
  await expect(call).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
});

test.each([
  ["s3", "SignatureDoesNotMatch"],
  ["dynamodb", "InvalidSignatureException"],
  ["cloudformation", "SignatureDoesNotMatch"],
])("a wrong secret is %s's %s", async (service, name) => {
  await expect(CALLS[service]?.(withCredentials({ secretAccessKey: "wrong" }))).rejects.toMatchObject({ name });
});

test("a role's key without its session token is refused", async () => {
  const role = await endpoint.asRole([{ Effect: "Allow", Action: "*", Resource: "*" }]);
  await CALLS.dynamodb?.(role);
  const { sessionToken: _, ...credentials } = role.credentials;
  await expect(CALLS.dynamodb?.({ ...role, credentials })).rejects.toMatchObject({
    name: "UnrecognizedClientException",
  });
});

test("a request that is signed for another time is refused", async () => {
  aheadMillis = 16 * 60_000;
  await expect(CALLS.s3?.(endpoint.asOperator)).rejects.toMatchObject({ name: "RequestTimeTooSkewed" });
  aheadMillis = -aheadMillis;
  await expect(CALLS.dynamodb?.(endpoint.asOperator)).rejects.toMatchObject({ name: "InvalidSignatureException" });
});

test("requests without a signature, or with one that cannot be read", async () => {
  const unsigned = await fetch(`${endpoint.url}/models`);
  expect([unsigned.status, await unsigned.text()]).toEqual([403, expect.stringContaining("<Code>AccessDenied</Code>")]);
  const json = await fetch(endpoint.url, {
    method: "POST",
    headers: { "x-amz-target": "DynamoDB_20120810.ListTables" },
    body: "{}",
  });
  expect([json.status, await json.json()]).toEqual([
    400,
    expect.objectContaining({ __type: "MissingAuthenticationTokenException" }),
  ]);
  for (const authorization of ["Basic abc", "AWS4-HMAC-SHA256 Credential=a/b", "AWS4-HMAC-SHA256", ""]) {
    const answer = await fetch(`${endpoint.url}/models`, { headers: { authorization } });
    expect([400, 403]).toContain(answer.status);
    expect(answer.headers.get("content-type")).toBe("application/xml");
  }
});

test("a fault inside a service is told to the operator, never to the caller", async () => {
  const lambda = new LambdaClient(endpoint.asOperator);
  const failure = lambda.send(new InvokeCommand({ FunctionName: "f" }));
  await expect(failure).rejects.toMatchObject({ name: "InternalFailure", $metadata: { httpStatusCode: 500 } });
  await expect(failure).rejects.not.toThrow("secret detail");
  expect(endpoint.events).toContainEqual({ type: "warning", message: expect.stringContaining("secret detail") });
  lambda.destroy();
});

test("a service that is not simulated is named", async () => {
  const client = new DynamoDBClient({ ...endpoint.asOperator, endpoint: endpoint.url });
  const other = await startEndpoint(() => []);
  await expect(CALLS.dynamodb?.(other.asOperator)).rejects.toThrow('The service "dynamodb" is not simulated here');
  client.destroy();
  await other.stop();
});

test("a body over the limit is refused before it is read", async () => {
  const client = new DynamoDBClient(endpoint.asOperator);
  client.middlewareStack.add(
    (next) => (args) => {
      const message = args.request as { body: string; headers: Record<string, string> };
      message.body = `{"Filler":"${"x".repeat(17 * 1024 ** 2)}"}`;
      message.headers["content-length"] = String(message.body.length);
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  await expect(client.send(new ListTablesCommand({}))).rejects.toMatchObject({ $metadata: { httpStatusCode: 413 } });
  client.destroy();
});

/** As a browser would send it: with the operator's public credentials, signed by a page somewhere. */
async function statusOf(change: Record<string, string>): Promise<number> {
  let sent: Record<string, string> = {};
  const client = new S3Client(endpoint.asOperator);
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      if (change.host !== undefined) headers.host = change.host;
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  client.middlewareStack.add(
    (next) => (args) => {
      sent = { ...(args.request as { headers: Record<string, string> }).headers };
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  await client.send(new ListBucketsCommand({})).catch(() => undefined);
  client.destroy();
  return new Promise((resolve, reject) => {
    const { port } = new URL(endpoint.url);
    request({ host: "127.0.0.1", port, path: "/?x-id=ListBuckets", headers: { ...sent, ...change } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

test("pages of other web sites cannot use the operator's public credentials", async () => {
  expect(await statusOf({})).toBe(200);
  expect(await statusOf({ "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await statusOf({ "sec-fetch-site": "none" })).toBe(200);
  expect(await statusOf({ host: "rebound.example.com" })).toBe(403);
});

test("a denied upload is refused before its body is sent", async () => {
  const s3 = new S3Client(await endpoint.asRole([]));
  const Body = new Uint8Array(64 * 1024 ** 2);
  await expect(s3.send(new PutObjectCommand({ Bucket: "models", Key: "x", Body }))).rejects.toMatchObject({
    name: "AccessDenied",
  });
  s3.destroy();
});

test("a taken port is an error, and a closed endpoint frees its own", async () => {
  const taken = createAwsEndpoint({ access: endpoint.access, services: [], emit: () => undefined });
  const { port } = new URL(endpoint.url);
  await expect(taken.listen(Number(port))).rejects.toMatchObject({ code: "EADDRINUSE" });
  const first = createAwsEndpoint({ access: endpoint.access, services: [], emit: () => undefined });
  const url = await first.listen(0);
  await first.close();
  const second = createAwsEndpoint({ access: endpoint.access, services: [], emit: () => undefined });
  expect(await second.listen(Number(new URL(url).port))).toBe(url);
  await second.close();
});
