import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type SoakResult, steadyLoad } from "../../../bench/soak/steady-load.ts";

let server: Server;
const answers: ((reply: ServerResponse) => void)[] = [];

beforeAll(async () => {
  let turn = 0;
  server = createServer((message, reply) => {
    message.resume();
    message.on("end", () => answers[turn++ % answers.length]?.(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function load(...given: readonly ((reply: ServerResponse) => void)[]): Promise<SoakResult> {
  answers.splice(0, answers.length, ...given);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return steadyLoad(url, [{ path: "/", headers: {}, body: "{}" }], { clients: 2, seconds: 0.2 });
}

test("answers with a length and answers in chunks are good ones", async () => {
  const inChunks = (reply: ServerResponse) => {
    reply.write("a");
    setImmediate(() => reply.end("bc"));
  };
  const { good, refused, errors, latencies } = await load((reply) => reply.end("{}"), inChunks);
  expect(good).toBeGreaterThan(1);
  expect(latencies).toHaveLength(good);
  expect([refused, errors.size]).toEqual([0, 0]);
});

test("a 429 is honest with a Retry-After, and an error without", async () => {
  const honest = await load((reply) => reply.writeHead(429, { "retry-after": "1" }).end());
  expect(honest.refused).toBeGreaterThan(0);
  expect([honest.good, honest.errors.size]).toEqual([0, 0]);
  const bare = await load((reply) => reply.writeHead(429).end('{"message":"no"}'));
  expect([...bare.errors.keys()]).toEqual(["429: no"]);
  expect(bare.refused).toBe(0);
});

test("a connection that breaks is an error, and the client goes on with another", async () => {
  const { good, errors } = await load(
    (reply) => reply.end("{}"),
    (reply) => reply.destroy(),
  );
  expect(good).toBeGreaterThan(0);
  expect([...errors.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
});
