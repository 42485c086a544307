/** Connections through everything that happens to them. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createValkeyClient, VALKEY_LIMITS } from "../../../adapters/valkey/client.ts";
import { slotOf } from "../../../adapters/valkey/slot.ts";

interface Scripted {
  readonly port: number;
  readonly received: string[];
  readonly sockets: Set<Socket>;
}

const servers: Server[] = [];

/** Answers every write of its client with what `reply` says; undefined: nothing. */
async function scripted(reply: (text: string, socket: Socket) => string | undefined): Promise<Scripted> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received.push(chunk.toString());
      const text = reply(chunk.toString(), socket);
      if (text !== undefined) socket.write(text);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, received, sockets };
}

const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  for (const server of servers.splice(0)) server.close();
});

function clientOf({ port }: Scripted, overrides: Partial<Parameters<typeof createValkeyClient>[0]> = {}) {
  const time = { epoch: 1_800_000_000_000, monotonic: 0 };
  const client = createValkeyClient({
    address: { host: "127.0.0.1", port },
    tls: undefined,
    login: undefined,
    clock: { epochMillis: () => time.epoch, monotonicMillis: () => time.monotonic },
    ...overrides,
  });
  closers.push(client.close);
  return { client, time };
}

test("questions share a connection, and each gets its own answer", async () => {
  const server = await scripted((text) =>
    text
      .match(/\$1\r\n(\d)/g)
      ?.map((part) => `+${part.at(-1)}\r\n`)
      .join(""),
  );
  const { client } = clientOf(server);
  const answers = await Promise.all([1, 2, 3].map((n) => client.ask("k", ["GET", String(n)])));
  expect(answers).toEqual(["1", "2", "3"]);
  expect(server.sockets.size).toBe(1);
});

test("a lost connection rejects what waits, and the next question opens another", async () => {
  let isCut = true;
  const server = await scripted((_, socket) => {
    if (!isCut) return "+ok\r\n";
    socket.destroy();
    return undefined;
  });
  const { client } = clientOf(server);
  await expect(client.ask("k", ["GET", "k"])).rejects.toThrow();
  isCut = false;
  expect(await client.ask("k", ["GET", "k"])).toBe("ok");
});

test("garbage ends the connection", async () => {
  const server = await scripted(() => "HTTP/1.1 400 Bad Request\r\n\r\n");
  const { client } = clientOf(server);
  await expect(client.ask("k", ["GET", "k"])).rejects.toThrow("no reply begins");
});

test.each([
  ["a freeze", (time: { epoch: number; monotonic: number }) => (time.epoch += VALKEY_LIMITS.frozenMillis + 1)],
  [
    "a long silence",
    (time: { epoch: number; monotonic: number }) => {
      time.epoch += VALKEY_LIMITS.idleMillis + 1;
      time.monotonic += VALKEY_LIMITS.idleMillis + 1;
    },
  ],
  ["a clock that was set back", (time: { epoch: number; monotonic: number }) => (time.epoch -= 10_000)],
])("after %s the connection is presumed dead", async (_, pass) => {
  const server = await scripted(() => "+ok\r\n");
  const { client, time } = clientOf(server);
  await client.ask("k", ["GET", "k"]);
  await client.ask("k", ["GET", "k"]);
  expect(server.sockets.size).toBe(1);
  pass(time);
  await client.ask("k", ["GET", "k"]);
  expect(server.sockets.size).toBe(2);
});

test("a connection is replaced before the service ends it, with a token of its own", async () => {
  const server = await scripted((text) => "+OK\r\n".repeat(text.split("*").length - 1));
  let tokens = 0;
  const { client, time } = clientOf(server, { login: () => ({ user: "u", password: `token-${++tokens}` }) });
  for (let hour = 0; hour < 12; hour++) {
    for (let i = 0; i < 61; i++) {
      await client.ask("k", ["GET", "k"]);
      time.epoch += 60_000;
      time.monotonic += 60_000;
    }
  }
  expect(server.sockets.size).toBe(2);
  const logins = server.received.join("").match(/token-\d/g);
  expect(logins).toEqual(["token-1", "token-2"]);
});

test("a refused login fails what was asked behind it", async () => {
  const server = await scripted(() => "-WRONGPASS no\r\n-NOAUTH no\r\n");
  const { client } = clientOf(server, { login: () => ({ user: "u", password: "p" }) });
  await expect(client.ask("k", ["GET", "k"])).rejects.toThrow();
});

test("MOVED is followed, and remembered for the slot", async () => {
  const other = await scripted(() => "+there\r\n");
  const server = await scripted(() => `-MOVED ${slotOf("k")} 127.0.0.1:${other.port}\r\n`);
  const { client } = clientOf(server);
  expect(await client.ask("k", ["GET", "k"])).toBe("there");
  expect(await client.ask("k", ["GET", "k"])).toBe("there");
  expect(server.received).toHaveLength(1);
});

test("it opens with the first write, when it is told to wait", async () => {
  const server = await scripted(() => "+OK\r\n");
  const { client } = clientOf(server, { eager: false });
  expect(client.isOpen()).toBe(false);
  await client.write("k", ["SET", "k", "v"]);
  expect(client.isOpen()).toBe(true);
});
