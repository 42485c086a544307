/** What is sent, signed as Standard Webhooks have it. https://www.standardwebhooks.com */
import { createHmac } from "node:crypto";
import type { Job } from "../job.ts";
import { jobObject } from "../job-document.ts";

export interface WebhookMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const PREFIX = "whsec_";
export const newWebhookSecret = (random: Uint8Array): string => `${PREFIX}${Buffer.from(random).toString("base64")}`;

/** The job without its result: that is to be fetched with a key. The same id at every attempt, so that a receiver can tell. */
export function signedMessage(job: Job, url: string, secret: string, nowMillis: number): WebhookMessage {
  const finishedAt = new Date(job.finishedAtMillis ?? nowMillis).toISOString();
  const body = JSON.stringify({ type: `job.${job.status}`, timestamp: finishedAt, data: jobObject(job) });
  const timestamp = String(Math.floor(nowMillis / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  const signature = createHmac("sha256", key).update(`${job.id}.${timestamp}.${body}`).digest("base64");
  return {
    url,
    headers: {
      "content-type": "application/json",
      "user-agent": "farthing-webhook/1",
      "webhook-id": job.id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
    body,
  };
}
