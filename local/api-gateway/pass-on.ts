import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";

/** What says something about one connection only. https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const OF_THE_CONNECTION = new Set(["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);

/** Has another door on this machine answer: head and body go there as they are, and the answer comes back as it is. */
export class PassOn {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  /** `port`: of that door, plain HTTP on the loopback interface. */
  constructor(port: number) {
    this.#port = port;
  }

  /** Resolves when the answer has left, or nobody waits for it any more. Rejects when there is nobody at that door. */
  answer(message: IncomingMessage, reply: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const asking = request(
        {
          host: "127.0.0.1",
          port: this.#port,
          agent: this.#agent,
          method: message.method,
          path: message.url,
          headers: endToEnd(message.rawHeaders, message.headers["transfer-encoding"] !== undefined),
        },
        (answer) => {
          reply.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders, false));
          pipeline(answer, reply, () => resolve());
        },
      );
      asking.once("error", (error) => (reply.headersSent ? resolve() : reject(error)));
      reply.once("close", () => asking.destroy());
      message.pipe(asking);
    });
  }
}

/** Names and values in turn. `chunked`: the body has no length that was told. */
function endToEnd(rawHeaders: readonly string[], chunked: boolean): string[] {
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!OF_THE_CONNECTION.has(name.toLowerCase())) headers.push(name, rawHeaders[at + 1] as string);
  }
  if (chunked) headers.push("transfer-encoding", "chunked");
  return headers;
}
