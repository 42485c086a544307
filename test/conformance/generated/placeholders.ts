/**
 * The generated tests of OpenAI's client ask for what OpenAI's documentation uses as examples. This stands between them and a deployment:
 * it puts things that exist in the place of their examples, and leaves everything else as it is, refusals included.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Deployment } from "../deployment.ts";

const CHAT_MODEL = "glossary";
const EMBEDDING_MODEL = "sentences";

export interface Placeholders {
  readonly url: string;
  close(): void;
}

export async function servePlaceholders(deployment: Deployment): Promise<Placeholders> {
  const server = createServer((request, response) => {
    void forwarded(request, deployment)
      .then(async (answer) => {
        response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
        response.end(Buffer.from(await answer.arrayBuffer()));
      })
      .catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => void server.close() };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function forwarded(request: IncomingMessage, deployment: Deployment): Promise<Response> {
  const path = await realPath(request.url ?? "/", request.method ?? "GET", deployment);
  const contentType = request.headers["content-type"];
  const body = await realBody(await bytesOf(request), path, contentType, deployment);
  return send(deployment, path, request.method ?? "GET", body, contentType);
}

function send(
  { url, apiKey }: Deployment,
  path: string,
  method: string,
  body: Buffer,
  contentType = "application/json",
): Promise<Response> {
  return fetch(`${url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": contentType },
    ...(body.length > 0 && { body: new Uint8Array(body) }),
  });
}

async function realPath(path: string, method: string, deployment: Deployment): Promise<string> {
  if (path.includes("/file_id")) return path.replace("file_id", await newFile(deployment));
  if (path.includes("/batch_id")) return path.replace("batch_id", await newBatch(deployment));
  if (method === "GET") return path.replace(/^\/models\/.+/, `/models/${CHAT_MODEL}`);
  return path;
}

async function realBody(
  bytes: Buffer,
  path: string,
  contentType: string | undefined,
  deployment: Deployment,
): Promise<Buffer> {
  if (contentType?.startsWith("multipart/")) {
    return Buffer.from(bytes.toString("latin1").replace("\r\nassistants\r\n", "\r\nbatch\r\n"), "latin1");
  }
  if (contentType !== "application/json" || bytes.length === 0) return bytes;
  const body = JSON.parse(bytes.toString()) as Record<string, unknown>;
  if (path === "/embeddings") body.model = EMBEDDING_MODEL;
  if (["/chat/completions", "/completions", "/responses"].includes(path)) body.model = CHAT_MODEL;
  // The demo model was taught no system messages, and has nothing to go on from when there is no other.
  if (Array.isArray(body.messages)) body.messages = [{ role: "user", content: "dog" }];
  // Nothing at all is an example, too.
  if (path === "/responses") body.input ??= "dog";
  // Ids of tokens are numbers.
  if (body.logit_bias !== undefined) body.logit_bias = { 1: 0 };
  if (body.input_file_id !== undefined) body.input_file_id = await newFile(deployment);
  return Buffer.from(JSON.stringify(body));
}

async function newFile(deployment: Deployment): Promise<string> {
  const line = { custom_id: "a", method: "POST", url: "/v1/responses", body: { model: CHAT_MODEL, input: "dog" } };
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new File([JSON.stringify(line)], "requests.jsonl"));
  const sent = new Response(form);
  const bytes = Buffer.from(await sent.arrayBuffer());
  return idOf(await send(deployment, "/files", "POST", bytes, sent.headers.get("content-type") ?? undefined));
}

async function newBatch(deployment: Deployment): Promise<string> {
  const order = { input_file_id: await newFile(deployment), endpoint: "/v1/responses", completion_window: "24h" };
  return idOf(await send(deployment, "/batches", "POST", Buffer.from(JSON.stringify(order))));
}

async function idOf(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new Error(`an example was refused: ${text}`);
  return (JSON.parse(text) as { readonly id: string }).id;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
