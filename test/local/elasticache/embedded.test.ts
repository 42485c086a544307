/** The embedded server does what a real one does, as far as answers need it. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../../adapters/system-clock.ts";
import { valkeyAnswerStore } from "../../../adapters/valkey/answer-store.ts";
import { createValkeyClient, type ValkeyClient } from "../../../adapters/valkey/client.ts";
import { embedded } from "../../../local/elasticache/data-plane.ts";
import { createKeyStore } from "../../../local/elasticache/embedded/store.ts";
import { answerStoreSuite } from "../../contract/answer-store.suite.ts";

let server: Server;
const sockets = new Set<Socket>();
const clients: ValkeyClient[] = [];
const newClient = (): ValkeyClient => {
  const { port } = server.address() as AddressInfo;
  const client = createValkeyClient({
    address: { host: "127.0.0.1", port },
    tls: undefined,
    login: undefined,
    clock: systemClock,
  });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  const data = embedded(Date.now);
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    data.serve(socket, Buffer.alloc(0));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  for (const client of clients) client.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

answerStoreSuite(() => ({
  open: () => valkeyAnswerStore(newClient(), systemClock),
  async flush() {
    await newClient().ask("", ["FLUSHALL"]);
  },
}));

test("what it does not know it says, and goes on", async () => {
  const client = newClient();
  await expect(client.ask("", ["CONFIG", "GET", "*"])).rejects.toThrow("unknown command 'CONFIG'");
  await expect(client.ask("", ["GET"])).rejects.toThrow("wrong number of arguments");
  await expect(client.ask("", ["EVAL", "return 1", "0", ""])).rejects.toThrow("no such script");
  await client.ask("l", ["RPUSH", "l", "x"]);
  await expect(client.ask("l", ["GET", "l"])).rejects.toThrow("WRONGTYPE");
  expect(await client.ask("", ["PING"])).toBe("PONG");
});

test("when there is no room, what was touched longest ago goes", () => {
  const store = createKeyStore(1_000, () => 0);
  const bytes = Buffer.alloc(300);
  for (const key of ["a", "b"]) store.set(key, { type: "text", bytes });
  store.get("a");
  store.set("c", { type: "text", bytes });
  expect(["a", "b", "c"].map((key) => store.get(key) !== undefined)).toEqual([true, false, true]);
});
