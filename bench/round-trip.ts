import { type Agent, request as httpRequest } from "node:http";
import type { LocalPlatform } from "./local-platform.ts";
import type { ApiRequest } from "./measured-models.ts";

/** Milliseconds until the last byte of the answer is here. Rejects unless the API answers 200. */
export function roundTrip(
  agent: Agent,
  { url, apiKey }: LocalPlatform,
  { path, headers, bodyBase64 }: ApiRequest,
  moreHeaders: Readonly<Record<string, string>> = {},
): Promise<number> {
  const body = Buffer.from(bodyBase64, "base64");
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const request = httpRequest(
      `${url}${path}`,
      {
        method: "POST",
        agent,
        headers: { authorization: `Bearer ${apiKey}`, "content-length": body.length, ...headers, ...moreHeaders },
      },
      (response) => {
        response.resume();
        response.once("end", () => {
          if (response.statusCode === 200) resolve(performance.now() - startedAt);
          else reject(new Error(`the API answered ${response.statusCode}`));
        });
      },
    );
    request.once("error", reject);
    request.end(body);
  });
}
