/** Whether an upstream is well: it answers 200 where it is asked for its models, or at a path of its own. */
import { readBody, type Transport } from "../http/transport.ts";

export interface HealthQuestion {
  readonly transport: Transport;
  /** Base of the API, without a slash at its end. */
  readonly url: string;
  readonly healthPath: string;
  readonly apiKey: string | undefined;
  readonly connectMillis: number;
}

const WITHIN_MILLIS = 5_000;
const MAX_BYTES = 1024 * 1024;

/** Rejects with an Error in words: NoAnswer, or the status that came instead. */
export async function requireHealthy(question: HealthQuestion): Promise<void> {
  const { transport, url, healthPath, apiKey, connectMillis } = question;
  const response = await transport({
    url: new URL(url + healthPath),
    method: "GET",
    headers: { accept: "application/json", ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }) },
    body: "",
    connectTimeoutMillis: connectMillis,
    silenceTimeoutMillis: WITHIN_MILLIS,
    signal: AbortSignal.timeout(WITHIN_MILLIS),
  });
  await readBody(response, MAX_BYTES);
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode} to GET ${healthPath}`);
}
