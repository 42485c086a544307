import { createConnection } from "node:net";

// Not by `import`: the module face of node:http reads all of its exports, and so loads undici, 17 ms of every cold start.
const { Agent, request } = process.getBuiltinModule("node:http");
const ROOT = "/2018-06-01/runtime";
const TRAILERS = ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"];

/**
 * Kept connections to the Runtime API: one; or, where many requests are held at once, one to ask on and more to answer on.
 * Every failure rejects, which ends this process: without the API there is nothing left to serve.
 */
export class RuntimeApiClient {
  #options;
  #agent;
  #askingAgent;

  constructor(address, manyRequests) {
    const [host, port] = address.split(":");
    this.#askingAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#agent = manyRequests ? new Agent({ keepAlive: true }) : this.#askingAgent;
    this.#options = { host, port: Number(port), agent: this.#agent };
  }

  next() {
    return this.#send("GET", "/invocation/next", undefined, undefined, this.#askingAgent);
  }

  response(id, body) {
    return this.#send("POST", `/invocation/${encodeURIComponent(id)}/response`, body);
  }

  error(id, document) {
    return this.#sendError(`/invocation/${encodeURIComponent(id)}/error`, document);
  }

  initError(document) {
    return this.#sendError("/init/error", document);
  }

  /** The chunked request that a streamed answer is written to, and its answer. */
  openResponse(id, highWaterMark) {
    this.#agent.createConnection = (options, connected) => createConnection({ ...options, highWaterMark }, connected);
    const { promise, resolve, reject } = Promise.withResolvers();
    // Rejections before the handler looks at it are its `error` event's.
    promise.catch(() => {});
    const outgoing = request(
      {
        ...this.#options,
        method: "POST",
        path: `${ROOT}/invocation/${encodeURIComponent(id)}/response`,
        headers: {
          "Lambda-Runtime-Function-Response-Mode": "streaming",
          Trailer: TRAILERS,
          "Content-Type": "application/octet-stream",
          "Transfer-Encoding": "chunked",
        },
      },
      (incoming) => void read(incoming).then(resolve, reject),
    );
    outgoing.on("error", reject);
    return { request: outgoing, answered: promise };
  }

  #sendError(path, document) {
    return this.#send("POST", path, JSON.stringify(document), {
      "Lambda-Runtime-Function-Error-Type": document.errorType,
    });
  }

  #send(method, path, body, headers, agent = this.#agent) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const outgoing = request(
      {
        ...this.#options,
        agent,
        method,
        path: ROOT + path,
        ...(body === undefined
          ? {}
          : {
              headers: {
                "Content-Type": "application/json",
                "Content-Length": Buffer.byteLength(body),
                ...headers,
              },
            }),
      },
      (incoming) => void read(incoming).then((text) => resolve({ headers: incoming.headers, body: text }), reject),
    );
    outgoing.on("error", reject);
    outgoing.end(body);
    return promise;
  }
}

function read(incoming) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const chunks = [];
  incoming.on("data", (chunk) => chunks.push(chunk));
  incoming.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
  incoming.on("error", reject);
  return promise;
}
