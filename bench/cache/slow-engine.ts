/** A server that speaks OpenAI's API, takes its time for each answer and counts them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface SlowEngine {
  /** Base of the API. */
  readonly url: string;
  /** Calls so far whose last message was this. */
  calls(question: string): number;
  stop(): void;
}

const WORDS = 8;
const chunk = (delta: object, reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;

export async function startSlowEngine(wordMillis: number): Promise<SlowEngine> {
  const calls = new Map<string, number>();
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
      calls.set(question, (calls.get(question) ?? 0) + 1);
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let word = 0; word < WORDS; word++) {
        await sleep(wordMillis);
        response.write(chunk({ content: `${word} ` }));
      }
      const usage = { prompt_tokens: 5, completion_tokens: WORDS };
      response.end(`${chunk({}, "stop")}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: (question) => calls.get(question) ?? 0,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
