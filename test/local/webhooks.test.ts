/**
 * Webhooks from the request to a receiver, on the platform as `farthing up` runs it: delivered and signed, tried again while the
 * receiver is down, given up at redirects, and never sent to where nobody allowed it.
 */
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { generate } from "selfsigned";
import type { Job } from "../../core/jobs/job.ts";
import { SWEEP_EVENT } from "../../core/jobs/job-event.ts";
import type { FarthingConfigInput } from "../../infra/config.ts";
import { farthingOn, type RunningFarthing, runFarthing, startFarthing } from "./running-farthing.ts";

const HOST = "hooks.plant.example";
/** On the tenant's list, and known to no configuration: to be looked up, and found nowhere. */
const UNKNOWN_HOST = "hooks.elsewhere.invalid";
const START_MILLIS = 60_000;

interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let folder: string;
let state: string;
let platform: RunningFarthing;
let receiver: Server;
let secret: string;
let port: number;
/** Whatever reaches the port that a redirect or an address inside would lead to. */
let trap: Server;
let trapped = 0;
const seen: Seen[] = [];
let answer: { status: number; headers?: Record<string, string> } = { status: 204 };

const listening = (server: Server, at = 0) =>
  new Promise<number>((resolve) => {
    server.listen(at, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-webhooks-"));
  state = join(folder, "state");
  const made = await generate([{ name: "commonName", value: HOST }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: HOST }] }],
  });
  receiver = createServer({ cert: made.cert, key: made.private }, (request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      seen.push({ path: request.url ?? "", headers: request.headers, body });
      response.writeHead(answer.status, answer.headers).end();
    });
  });
  trap = createServer({ cert: made.cert, key: made.private });
  trap.on("connection", () => trapped++);
  port = await listening(receiver);
  const config: FarthingConfigInput = {
    environments: {
      local: {
        removal: "destroy",
        protectData: false,
        tracing: false,
        router: { architecture: "host" },
        modelGroups: [{ name: "small", architecture: "host", models: ["digits", "sms-spam", "sentences", "glossary"] }],
        webhookReceivers: [{ host: HOST, address: "127.0.0.1", port, caPem: made.cert }],
      },
    },
  };
  const file = join(folder, "farthing.config.mjs");
  writeFileSync(file, `export default ${JSON.stringify(config)};\n`);
  platform = await startFarthing(state, "--config", file);
  secret = await cli("tenant", "webhook", "demo", "--allow", HOST, "--allow", UNKNOWN_HOST);
}, START_MILLIS);
afterAll(async () => {
  await platform?.end("SIGTERM");
  for (const server of [receiver, trap]) {
    server?.closeAllConnections();
    server?.close();
  }
  rmSync(folder, { recursive: true, force: true });
}, START_MILLIS);
beforeEach(() => {
  seen.length = 0;
  answer = { status: 204 };
});

async function cli(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await farthingOn(state, ...args);
  expect([code, err]).toEqual([0, err]);
  return out.trim();
}

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${platform.ready.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${platform.ready.apiKey}`, "content-type": "application/json", ...init.headers },
  });
const ask = (webhook: string) =>
  call("/v1/embeddings", {
    method: "POST",
    headers: { prefer: "respond-async", "x-farthing-webhook": webhook },
    body: JSON.stringify({ model: "sentences", input: `one of its own: ${webhook} ${Math.random()}` }),
  });

async function takenJob(webhook: string): Promise<string> {
  const response = await ask(webhook);
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

interface Webhook {
  readonly state: string;
  readonly attempts: number;
}
async function until(id: string, wanted: (webhook: Webhook) => boolean): Promise<Webhook> {
  for (let tries = 0; tries < 200; tries++) {
    const { webhook } = (await (await call(`/v1/jobs/${id}`)).json()) as { webhook: Webhook };
    if (wanted(webhook)) return webhook;
    await sleep(100);
  }
  throw new Error(`the webhook of ${id} never came to what was wanted`);
}

/** As `farthing up` writes them down for other commands. */
function clientSettings() {
  const { awsEndpointUrl, region, credentials } = JSON.parse(readFileSync(join(state, "platform.json"), "utf8"));
  return { endpoint: awsEndpointUrl, region, credentials };
}

/** As if the pause before the next attempt were over, and the minute in which whoever sweeps comes by. */
async function afterThePause(id: string): Promise<void> {
  const settings = clientSettings();
  const dynamodb = new DynamoDBClient(settings);
  const lambda = new LambdaClient(settings);
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  const TableName = TableNames.find((name) => /jobs/i.test(name));
  const Key = { pk: { S: "jobs#demo" }, sk: { S: id } };
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  const job = JSON.parse(Item?.job?.S ?? "") as Job;
  const due = { ...job, webhook: { ...job.webhook, nextAtMillis: 0 } };
  await dynamodb.send(new PutItemCommand({ TableName, Item: { ...Item, job: { S: JSON.stringify(due) } } }));
  const open = { pk: { S: "open" }, sk: { S: id }, tenant: { S: "demo" }, due: { N: "0" } };
  await dynamodb.send(new PutItemCommand({ TableName, Item: open }));
  const Payload = Buffer.from(JSON.stringify(SWEEP_EVENT));
  await lambda.send(new InvokeCommand({ FunctionName: "farthing-local-router", InvocationType: "Event", Payload }));
  dynamodb.destroy();
  lambda.destroy();
}

function signatureOf({ headers, body }: Seen): string {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

test("a receiver is told of the end, signed with the secret that its operator was given", async () => {
  const id = await takenJob(`https://${HOST}/done?customer=7`);
  expect(await until(id, ({ state }) => state === "delivered")).toMatchObject({ attempts: 1 });
  const [message, ...others] = seen as [Seen, ...Seen[]];
  expect([message.path, others]).toEqual(["/done?customer=7", []]);
  expect(message.headers["webhook-signature"]).toBe(signatureOf(message));
  expect(Math.abs(Number(message.headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(60);
  const { type, data } = JSON.parse(message.body);
  expect([type, data.id, data.status]).toEqual(["job.succeeded", id, "succeeded"]);
  expect(data).not.toHaveProperty("result");
});

test("one that is down is told when it is up again, under the same id", async () => {
  answer = { status: 503 };
  const id = await takenJob(`https://${HOST}/busy`);
  await until(id, ({ attempts }) => attempts === 1);
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
  await afterThePause(id);
  expect(await until(id, ({ attempts }) => attempts === 2)).toMatchObject({ state: "pending" });
  answer = { status: 200 };
  await listening(receiver, port);
  await afterThePause(id);
  expect(await until(id, ({ state }) => state === "delivered")).toMatchObject({ attempts: 3 });
  expect(seen.map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
  for (const message of seen) expect(message.headers["webhook-signature"]).toBe(signatureOf(message));
}, 30_000);

test("a redirect is no delivery, wherever it leads", async () => {
  const trapPort = await listening(trap);
  answer = { status: 307, headers: { location: `https://${HOST}:${trapPort}/` } };
  const id = await takenJob(`https://${HOST}/moved`);
  await until(id, ({ attempts }) => attempts === 1);
  await afterThePause(id);
  expect(await until(id, ({ attempts }) => attempts === 2)).toMatchObject({ state: "pending" });
  expect([seen.length, trapped]).toEqual([2, 0]);
});

test.each([
  "https://127.0.0.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://[::1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://localhost/",
  `http://${HOST}/`,
  `https://${HOST}:8443/`,
  `https://${HOST}@127.0.0.1/`,
  `https://${HOST}.evil.example/`,
  `https://${HOST}./`,
  "https://169.254.169.254.nip.io/",
])("%s is refused before anything is done", async (url) => {
  const response = await ask(url);
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { param: string; message: string } };
  expect([error.param, error.message]).toEqual([
    "x-farthing-webhook",
    expect.stringContaining("x-farthing-webhook is"),
  ]);
  expect(seen).toEqual([]);
});

test("neither does the operator's list take addresses, nor does a name on it open what is inside", async () => {
  for (const host of ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"]) {
    const { output, ended } = runFarthing("tenant", "webhook", "demo", "--allow", host, "--state", state);
    expect([await ended, output.out]).toEqual([1, ""]);
  }
  const id = await takenJob(`https://${UNKNOWN_HOST}/`);
  expect(await until(id, ({ attempts }) => attempts === 1)).toMatchObject({ state: "pending" });
  expect([seen.length, trapped]).toEqual([0, 0]);
}, 60_000);
