/**
 * A container for tests, without a model. Its environment says how it starts (`STARTUP`: `ready`, `never-ready`, `exit`),
 * the body of a request what it does: echo, answer in pieces, fail, hang up, or fall silent.
 */
import { createServer } from "node:http";

const startup = process.env.STARTUP ?? "ready";
if (startup === "exit") process.exit(3);

let stalled = 0;
const server = createServer((request, response) => {
  if (request.url === "/ping") return response.writeHead(startup === "never-ready" ? 503 : 200).end();
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(Buffer.concat(chunks), request, response));
});

async function answer(body, request, response) {
  const text = body.toString("utf8");
  let wish = {};
  try {
    wish = JSON.parse(text);
  } catch {
    // Echoed below.
  }
  switch (wish.do) {
    case "headers":
      return json(response, request.headers);
    case "environment":
      return json(response, { ...process.env, arguments: process.argv.slice(2), pid: process.pid });
    case "error":
      return response.writeHead(wish.status, { "content-type": "application/json" }).end(wish.message);
    case "open-session":
      return response
        .writeHead(200, { "x-amzn-sagemaker-new-session-id": `${wish.id}; Expires=2030-01-01T00:00:00Z` })
        .end("{}");
    case "stream":
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const piece of wish.pieces) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, wish.pauseMillis ?? 1));
      }
      return response.end();
    case "wait":
      stalled++;
      response.once("close", () => stalled--);
      return setTimeout(() => json(response, { pid: process.pid }), wish.millis);
    case "silence":
      return;
    case "stalled":
      return json(response, { count: stalled });
    case "stall":
      stalled++;
      response.once("close", () => stalled--);
      response.writeHead(200, { "content-type": "text/event-stream" });
      return response.write("data: 1\n\n");
    case "hang-up":
      return response.destroy();
    default:
      return response.writeHead(200, { "content-type": "text/plain" }).end(body);
  }
}

function json(response, value) {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

server.listen(Number(process.env.SAGEMAKER_BIND_TO_PORT), "127.0.0.1");
