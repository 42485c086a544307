import { get } from "node:http";

/**
 * Whether `/ping` answers 200 in time. A connection of its own each time: one that is kept would say nothing of whether
 * the container still accepts any. Never rejects.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html#your-algorithms-inference-algo-ping-requests
 */
export function ping(port: number, timeoutMillis: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/ping", agent: false }, (response) => {
      response.resume();
      response.on("error", () => resolve(false));
      resolve(response.statusCode === 200);
    });
    const late = setTimeout(() => request.destroy(), timeoutMillis);
    request.on("error", () => resolve(false));
    request.on("close", () => {
      clearTimeout(late);
      resolve(false);
    });
  });
}
