/** A server that speaks OpenAI's API, as an upstream of a platform under test: its model says some words, one after another. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FarthingConfigInput } from "../../infra/config.ts";

export interface EngineCall {
  /** The last message. */
  readonly question: string;
  /** From 1 on. */
  readonly serial: number;
  /** Local port of the caller: tells which process it is (function-processes.ts). */
  readonly callerPort: number;
}

export interface ChatEngine {
  /** Base of the API. */
  readonly url: string;
  readonly port: number;
  readonly calls: readonly EngineCall[];
  close(): void;
}

export interface Speech {
  words(call: EngineCall): readonly string[];
  /** Before each word. */
  readonly wordMillis: number;
  /** An answer has been given to its end. */
  onEnd?(call: EngineCall): void;
}

const chunk = (delta: object, reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;

export async function startChatEngine({ words, wordMillis, onEnd }: Speech): Promise<ChatEngine> {
  const calls: EngineCall[] = [];
  const server = createServer((request, response) => {
    if (request.method === "GET") {
      response.writeHead(200).end('{"object":"list","data":[]}');
      return;
    }
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as { messages: { content: string }[] };
      const question = messages.at(-1)?.content ?? "";
      const call = { question, serial: calls.length + 1, callerPort: request.socket.remotePort ?? 0 };
      calls.push(call);
      response.writeHead(200, { "content-type": "text/event-stream" });
      const spoken = words(call);
      for (const content of spoken) {
        await sleep(wordMillis);
        response.write(chunk({ content }));
      }
      onEnd?.(call);
      const usage = { prompt_tokens: 5, completion_tokens: spoken.length };
      response.end(`${chunk({}, "stop")}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    calls,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A platform with a cache whose models are all said by the engine there. */
export const cachedChat = (engineUrl: string, models: readonly string[]): FarthingConfigInput => ({
  environments: {
    local: {
      removal: "destroy",
      protectData: false,
      tracing: false,
      cache: {},
      router: { architecture: "host" },
      modelGroups: [{ name: "small", memoryMb: 1769, architecture: "host" }],
      upstreams: [{ name: "slow", url: engineUrl, models: Object.fromEntries(models.map((model) => [model, "slow"])) }],
    },
  },
});
