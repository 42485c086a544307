/** One client on one connection that stays: when the first token came, when all of them had, and that the answer was right. */
import { Agent, request as httpRequest } from "node:http";

export interface Place {
  /** `http://127.0.0.1:8080/v1/chat/completions` */
  readonly url: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Timing {
  /** Milliseconds from the start of the request: of a stream, its first token of text. */
  readonly first: number;
  readonly all: number;
}

export interface Chat {
  readonly tokens: number;
  readonly stream: boolean;
  /** Pause of the engine before each token, milliseconds. */
  readonly pause?: number;
}

export interface Client {
  ask(chat: Chat): Promise<Timing>;
  close(): void;
}

const TOKEN = '"content":" token"';

export const chatBody = (model: string, { tokens, stream, pause }: Chat): string =>
  JSON.stringify({
    model,
    messages: [{ role: "user", content: "Say token." }],
    max_tokens: tokens,
    stream,
    ...(pause !== undefined && { seed: pause }),
  });

export function createClient({ url, model, headers }: Place): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const target = new URL(url);
  return {
    ask(chat) {
      const body = chatBody(model, chat);
      const length = Buffer.byteLength(body);
      return new Promise((resolve, reject) => {
        const startedAt = performance.now();
        const request = httpRequest(target, {
          method: "POST",
          agent,
          headers: { "content-type": "application/json", "content-length": length, ...headers },
        });
        request.once("error", reject);
        request.once("response", (response) => {
          let first = 0;
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => {
            parts.push(part);
            if (first === 0 && chat.stream && part.includes(TOKEN)) first = performance.now() - startedAt;
          });
          response.once("error", reject);
          response.once("end", () => {
            const all = performance.now() - startedAt;
            const text = Buffer.concat(parts).toString();
            const found = chat.stream ? text.split(TOKEN).length - 1 : text.split(" token").length - 1;
            if (response.statusCode === 200 && found === chat.tokens) resolve({ first: first || all, all });
            else
              reject(
                new Error(
                  `${url} answered ${response.statusCode} with ${found} tokens of ${chat.tokens}: ${text.slice(0, 500)}`,
                ),
              );
          });
        });
        request.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}
