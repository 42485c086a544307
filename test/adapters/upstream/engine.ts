/** A server that answers as it is told, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export type Behaviour = (response: ServerResponse, asked: Asked) => void | Promise<void>;

export async function startEngine(behaviour: Behaviour) {
  const asked: Asked[] = [];
  const closed: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers, body: text === "" ? {} : JSON.parse(text) };
    asked.push(one);
    response.on("close", () => closed.push(response.writableFinished ? "finished" : "cut"));
    await behaviour(response, one);
  });
  let connections = 0;
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    /** How connections ended, as far as they have. */
    closed,
    connections: () => connections,
    /** Closes what is kept for a next request. */
    hangUp: () => server.closeIdleConnections(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const chunkOf = (content: string, reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] })}\n\n`;

export function streamHead(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
}
