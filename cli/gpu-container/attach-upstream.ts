/**
 * The container in front of a real engine that runs already (FARTHING_GPU_UPSTREAM): `/invocations` goes to the path of the
 * engine's OpenAI API that the body is meant for, and every byte of the answer comes back as it is.
 */
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { type BodyKind, bodyKind, portOf, serveContainer } from "./serve-container.ts";

const PATHS: Readonly<Record<BodyKind, string>> = {
  chat: "/v1/chat/completions",
  completions: "/v1/completions",
  embeddings: "/v1/embeddings",
};
const PING_MILLIS = 1_500;

const upstream = new URL(process.env.FARTHING_GPU_UPSTREAM ?? "");
/** `http://host:8000` and `http://host:8000/v1` mean the same. */
const base = upstream.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
const send = upstream.protocol === "https:" ? httpsRequest : httpRequest;

const call = (method: string, path: string, headers: Record<string, string>): ClientRequest =>
  send(new URL(`${base}${path}`, upstream), { method, headers });

async function head(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

async function statusOf(path: string): Promise<number> {
  const request = call("GET", path, {});
  const late = setTimeout(() => request.destroy(new Error("too late")), PING_MILLIS);
  try {
    request.end();
    const response = await head(request);
    response.resume();
    return response.statusCode ?? 0;
  } catch {
    return 0;
  } finally {
    clearTimeout(late);
  }
}

let loaded = false;

/**
 * Ready when the engine lists its models, which all of them can; from then on, as long as it answers. llama-cpp-python takes
 * that list for a request that ends the one it works on, so it is not asked again: `/health` is vLLM's and llama.cpp's, and who
 * does not know it is alive to say so.
 */
async function ready(): Promise<boolean> {
  if (!loaded) {
    loaded = (await statusOf("/v1/models")) === 200;
    return loaded;
  }
  const status = await statusOf("/health");
  return status === 200 || status === 404;
}

async function answer(body: Buffer, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { "content-type": type = "application/json", accept = "*/*" } = message.headers;
  const request = call("POST", PATHS[bodyKind(body)], {
    "content-type": type,
    accept,
    "content-length": String(body.length),
  });
  response.once("close", () => request.destroy());
  request.end(body);
  const upstreamResponse = await head(request);
  response.writeHead(upstreamResponse.statusCode ?? 502, {
    "content-type": upstreamResponse.headers["content-type"] ?? "application/octet-stream",
  });
  const gone = once(response, "close");
  for await (const chunk of upstreamResponse as AsyncIterable<Buffer>) {
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), gone]);
  }
  response.end();
}

await serveContainer({ ready, answer }, portOf(process.env));
