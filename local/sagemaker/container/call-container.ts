import { Agent, type IncomingMessage, request } from "node:http";

export interface ContainerCall {
  readonly port: number;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Connections are kept, as SageMaker keeps them to a container. */
export const createContainerAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/**
 * POST /invocations: resolves with the head of the answer, its body still to come. Rejects when the container hangs up
 * before, or `signal` says stop.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html#your-algorithms-inference-code-container-response
 */
export function callContainer({ port, body, headers, signal }: ContainerCall, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        path: "/invocations",
        method: "POST",
        headers: { ...headers, "content-length": body.byteLength },
        agent,
        signal,
      },
      resolve,
    );
    outgoing.setNoDelay(true);
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
