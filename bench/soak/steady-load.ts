/**
 * Clients that never stop: each sends its next request when the last one is answered, on a connection that it keeps. Every
 * answer is looked at; what is not 200 is counted by its status.
 */
import { connect, type Socket } from "node:net";

export interface SoakRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SoakResult {
  readonly good: number;
  /** 429 with a Retry-After. */
  readonly refused: number;
  /** Anything else, in words, with its count. */
  readonly errors: ReadonlyMap<string, number>;
  /** Milliseconds, of good answers. */
  readonly latencies: readonly number[];
  /** Longest wait of a refused request, milliseconds. */
  readonly slowestRefusalMillis: number;
}

export async function steadyLoad(
  url: string,
  requests: readonly SoakRequest[],
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Promise<SoakResult> {
  const { hostname, port } = new URL(url);
  const bytes = requests.map((request) => encoded(request, `${hostname}:${port}`));
  const errors = new Map<string, number>();
  const latencies: number[] = [];
  let [good, refused, slowestRefusalMillis, turn] = [0, 0, 0, 0];
  const until = performance.now() + seconds * 1000;
  const fail = (what: string) => errors.set(what, (errors.get(what) ?? 0) + 1);

  async function client(): Promise<void> {
    let connection: Connection | undefined;
    while (performance.now() < until) {
      connection ??= new Connection(Number(port), hostname);
      const sent = performance.now();
      try {
        const { status, head, body } = await connection.exchange(bytes[turn++ % bytes.length] as Buffer);
        const millis = performance.now() - sent;
        if (status === 200) {
          good++;
          latencies.push(millis);
        } else if (status === 429 && /^retry-after: *\d+/im.test(head)) {
          refused++;
          slowestRefusalMillis = Math.max(slowestRefusalMillis, millis);
          // A client that is told to come back does not come back at once.
          await new Promise((resolve) => setTimeout(resolve, 100));
        } else fail(`${status}: ${/"message": *"([^"]*)"/.exec(body)?.[1] ?? body.slice(0, 100)}`);
      } catch (error) {
        fail((error as Error).message);
        connection.close();
        connection = undefined;
      }
    }
    connection?.close();
  }
  await Promise.all(Array.from({ length: clients }, client));
  return { good, refused, errors, latencies, slowestRefusalMillis };
}

function encoded({ path, headers, body }: SoakRequest, host: string): Buffer {
  const head = Object.entries({ host, ...headers, "content-length": String(Buffer.byteLength(body)) });
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`,
  );
}

interface Exchanged {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

const NO_ANSWER_MILLIS = 60_000;

/** HTTP/1.1 as these answers use it: a length or chunks, one exchange at a time. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<Exchanged> | undefined;

  constructor(port: number, host: string) {
    this.#socket = connect({ port, host, noDelay: true });
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", (error) => this.#waiting?.reject(error));
    this.#socket.on("close", () =>
      this.#waiting?.reject(new Error("connection closed before the answer was complete")),
    );
    this.#socket.setTimeout(NO_ANSWER_MILLIS, () => {
      this.#waiting?.reject(new Error(`no answer within ${NO_ANSWER_MILLIS} ms`));
    });
  }

  exchange(request: Buffer): Promise<Exchanged> {
    this.#waiting = Promise.withResolvers();
    this.#socket.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = this.#received.toString("latin1", 0, headEnd);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const end =
      length === undefined ? this.#received.indexOf("\r\n0\r\n\r\n", headEnd - 2) + 7 : headEnd + 4 + Number(length);
    if (end < headEnd + 4 || this.#received.length < end) return;
    const body = this.#received.toString("utf8", headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }
}
