/**
 * The container contract of SageMaker over HTTP: `/ping` says whether requests may come, `/invocations` takes them.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface Container {
  /** Whether requests can be answered. */
  ready(): Promise<boolean>;
  /** Rejects only when the caller has gone, or for a fault of our own: the answer to that is 500. */
  answer(body: Buffer, message: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** SageMaker sends 6 MB at most, or up to 1 GB when it is asynchronous; this is a container for small models. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Listens at `port` of the loopback interface; resolves when it does. */
export async function serveContainer(container: Container, port: number): Promise<void> {
  const server = createServer({ noDelay: true, keepAliveTimeout: 300_000, requestTimeout: 0 }, (message, response) => {
    handle(container, message, response).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else
        writeJson(response, 500, { error: { message: error.message, type: "server_error", param: null, code: null } });
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

async function handle(container: Container, message: IncomingMessage, response: ServerResponse): Promise<void> {
  if (message.method === "GET" && message.url === "/ping") {
    response.writeHead((await container.ready()) ? 200 : 503, { "content-length": 0 }).end();
    return;
  }
  if (message.method !== "POST" || message.url !== "/invocations") {
    return writeJson(response, 404, {
      error: { message: "There are GET /ping and POST /invocations.", type: "invalid_request_error" },
    });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return writeJson(response, 413, { error: { message: "The body is too large." } });
    chunks.push(chunk);
  }
  await container.answer(Buffer.concat(chunks, bytes), message, response);
}

function writeJson(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

/** What kind of OpenAI request a body is: engines behind `/invocations` tell by its members, for the path says nothing. */
export type BodyKind = "chat" | "completions" | "embeddings";

export function bodyKind(body: Buffer): BodyKind {
  try {
    const members = JSON.parse(body.toString("utf8")) as Readonly<Record<string, unknown>> | null;
    if (members === null || typeof members !== "object") return "chat";
    if ("messages" in members) return "chat";
    return "prompt" in members ? "completions" : "input" in members ? "embeddings" : "chat";
  } catch {
    // Whoever answers says what is wrong with it.
    return "chat";
  }
}

/** Throws an Error in words when the variable that a container is started with is absent. */
export function portOf(variables: Readonly<Record<string, string | undefined>>): number {
  const port = Number(variables.SAGEMAKER_BIND_TO_PORT ?? 8080);
  if (!Number.isInteger(port) || port < 1)
    throw new Error(`SAGEMAKER_BIND_TO_PORT is "${variables.SAGEMAKER_BIND_TO_PORT}"`);
  return port;
}
