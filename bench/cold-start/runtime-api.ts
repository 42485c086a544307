/** As much of Lambda's Runtime API as one cold start needs: hands out one invocation, and notes when its answer is complete. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface RuntimeApi {
  /** `127.0.0.1:<port>`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** The answer to the next process that asks: resolves with its bytes. */
  answerTo(event: object): Promise<Buffer>;
  close(): void;
}

const DEADLINE_MILLIS = 60_000;

export async function startRuntimeApi(): Promise<RuntimeApi> {
  let pending: { readonly event: object; readonly resolve: (answer: Buffer) => void } | undefined;
  const server = createServer(async (request, response) => {
    if (request.url?.endsWith("/invocation/next")) {
      if (pending === undefined) return; // The process waits, as a warm environment does.
      response.writeHead(200, {
        "lambda-runtime-aws-request-id": "00000000-0000-4000-8000-000000000000",
        "lambda-runtime-deadline-ms": String(Date.now() + DEADLINE_MILLIS),
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:bench",
        "content-type": "application/json",
      });
      response.end(JSON.stringify(pending.event));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.writeHead(202).end();
    const { resolve } = pending ?? {};
    pending = undefined;
    resolve?.(Buffer.concat(chunks));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerTo: (event) =>
      new Promise((resolve) => {
        pending = { event, resolve };
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
