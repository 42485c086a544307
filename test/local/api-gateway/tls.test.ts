import { readFileSync } from "node:fs";
import { get } from "node:https";
import { join, resolve } from "node:path";
import { type RunningGateway, startGateway } from "./running-gateway.ts";

const fixtures = resolve(import.meta.dirname, "../../fixtures/tls");
const certificate = readFileSync(join(fixtures, "cert.pem"), "utf8");
const key = readFileSync(join(fixtures, "key.pem"), "utf8");

let running: RunningGateway;
beforeAll(async () => {
  running = await startGateway();
  await running.addRoute("/hello", await running.addFunction("streams"), { transferMode: "STREAM" });
});
afterAll(() => running.stop());

function answer(url: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((fulfil, reject) => {
    get(url, { ca: certificate, agent: false }, (message) => {
      message.setEncoding("utf8");
      let text = "";
      message.on("data", (chunk: string) => {
        text += chunk;
      });
      message.on("end", () => fulfil({ status: message.statusCode, text }));
    }).on("error", reject);
  });
}

test("a second door serves the same API encrypted", async () => {
  const plain = await running.deploy();
  const url = await running.gateway.listen(0, {}, { tls: { certificate, key } });
  expect(url).toMatch(/^https:/);
  const [encrypted, open] = [await answer(`${url}/hello`), await fetch(`${plain}/hello`)];
  expect(encrypted).toEqual({ status: open.status, text: await open.text() });
});

test("what is no key is said at once", async () => {
  await expect(running.gateway.listen(0, {}, { tls: { certificate, key: certificate } })).rejects.toThrow();
});
