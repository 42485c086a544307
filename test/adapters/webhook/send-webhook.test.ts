import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { isPublicAddress } from "../../../adapters/webhook/public-addresses.ts";
import {
  PUBLIC_INTERNET,
  sendWebhook,
  type WebhookWorld,
  webhookWorldOf,
} from "../../../adapters/webhook/send-webhook.ts";

const HOST = "hooks.acme.example";
const MESSAGE = {
  url: `https://${HOST}/done?x=1`,
  headers: { "webhook-id": "job_1" },
  body: '{"type":"job.succeeded"}',
};

let server: Server;
let world: WebhookWorld;
const seen: { path: string; body: string; id: string | string[] | undefined }[] = [];
let status = 204;

beforeAll(async () => {
  const made = await generate([{ name: "commonName", value: HOST }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: HOST }] }],
  });
  server = createServer({ cert: made.cert, key: made.private }, (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      seen.push({ path: request.url ?? "", body, id: request.headers["webhook-id"] });
      response.writeHead(status, { location: `https://${HOST}/elsewhere` }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world = {
    resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    isAllowed: () => true,
    port: (server.address() as AddressInfo).port,
    ca: made.cert,
    withinMillis: 5_000,
  };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  seen.length = 0;
  status = 204;
});

test("a receiver gets the message, by the name of its certificate", async () => {
  expect(await sendWebhook(MESSAGE, world)).toBe(true);
  expect(seen).toEqual([{ path: "/done?x=1", body: MESSAGE.body, id: "job_1" }]);
  expect(await sendWebhook({ ...MESSAGE, url: "https://other.example/" }, world)).toBe(false);
});

test("redirects and errors are no, and a redirect is not followed", async () => {
  for (const refusal of [301, 307, 400, 500]) {
    status = refusal;
    expect(await sendWebhook(MESSAGE, world)).toBe(false);
  }
  expect(seen.map(({ path }) => path)).toEqual(Array(4).fill("/done?x=1"));
});

test("nothing goes to an address inside, not if only one of several is", async () => {
  const inside = { ...world, isAllowed: isPublicAddress };
  expect(await sendWebhook(MESSAGE, inside)).toBe(false);
  const both = [
    { address: "93.184.216.34", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  expect(await sendWebhook(MESSAGE, { ...inside, resolve: async () => both })).toBe(false);
  expect(await sendWebhook({ ...MESSAGE, url: "https://127.0.0.1/" }, world)).toBe(false);
  expect(await sendWebhook({ ...MESSAGE, url: "https://[::1]/" }, world)).toBe(false);
  expect(await sendWebhook({ ...MESSAGE, url: "https://localhost/" }, PUBLIC_INTERNET)).toBe(false);
  expect(seen).toEqual([]);
});

test("a name is looked up once: what was judged is what is called", async () => {
  let asked = 0;
  const rebinding: WebhookWorld = {
    ...world,
    isAllowed: () => asked === 1,
    resolve: async () => {
      asked++;
      return [{ address: "127.0.0.1", family: 4 }];
    },
  };
  expect(await sendWebhook(MESSAGE, rebinding)).toBe(true);
  expect(asked).toBe(1);
});

test("a receiver that the operator names inside is called there, and no other name leads inside", async () => {
  const port = (server.address() as AddressInfo).port;
  const inside = [{ host: HOST, address: "127.0.0.1", port, caPem: world.ca }];
  expect(await sendWebhook(MESSAGE, webhookWorldOf(HOST, inside))).toBe(true);
  expect(webhookWorldOf("other.example", inside)).toBe(PUBLIC_INTERNET);
  const elsewhere = [{ host: HOST, address: "10.1.2.3", port }];
  expect(webhookWorldOf(HOST, elsewhere).isAllowed("127.0.0.1")).toBe(false);
});

test.each([
  ["8.8.8.8", true],
  ["93.184.216.34", true],
  ["172.15.255.255", true],
  ["2606:4700:4700::1111", true],
  ["10.1.2.3", false],
  ["100.64.0.1", false],
  ["127.0.0.1", false],
  ["169.254.169.254", false],
  ["169.254.170.2", false],
  ["172.16.0.1", false],
  ["192.168.0.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["224.0.0.1", false],
  ["::1", false],
  ["::", false],
  ["::ffff:8.8.8.8", false],
  ["::ffff:127.0.0.1", false],
  ["64:ff9b::7f00:1", false],
  ["fd00:ec2::254", false],
  ["fe80::1", false],
  ["ff02::1", false],
  ["2001:0:1::1", false],
  ["2002:7f00:1::1", false],
  ["2001:db8::1", false],
  ["localhost", false],
  ["", false],
])("%s is public: %s", (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
