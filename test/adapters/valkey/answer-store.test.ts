import { systemClock } from "../../../adapters/system-clock.ts";
import { valkeyAnswerStore } from "../../../adapters/valkey/answer-store.ts";
import { createValkeyClient, type ValkeyClient } from "../../../adapters/valkey/client.ts";
import { answerStoreSuite } from "../../contract/answer-store.suite.ts";
import { describeWithServer, type RealServer, startServer } from "./real-server.ts";

describeWithServer("answers in a real server", (program) => {
  let server: RealServer;
  const clients: ValkeyClient[] = [];
  const newClient = (): ValkeyClient => {
    const address = { host: "127.0.0.1", port: server.port };
    const client = createValkeyClient({ address, tls: undefined, login: undefined, clock: systemClock });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startServer(program);
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await server.stop();
  });

  answerStoreSuite(() => ({
    open: () => valkeyAnswerStore(newClient(), systemClock),
    async flush() {
      await newClient().ask("", ["FLUSHALL"]);
    },
  }));
});
