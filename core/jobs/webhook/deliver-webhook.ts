/** Tells a tenant of a job's end, again and again until somebody answers or nobody tries any more. */
import type { Job } from "../job.ts";
import type { JobStore } from "../job-store.ts";
import { writeJob } from "../write-job.ts";
import { signedMessage, type WebhookMessage } from "./signed-message.ts";
import { attempted, type WebhookTermsStore } from "./webhook.ts";
import { webhookUrl } from "./webhook-url.ts";

export interface WebhookParts {
  readonly terms: WebhookTermsStore;
  /** Whether a receiver took it (any status of 200 to 299). Never rejects. */
  send(message: WebhookMessage): Promise<boolean>;
}

export interface DeliveryParts {
  readonly store: JobStore;
  readonly webhooks: WebhookParts;
  nowMillis(): number;
  newToken(): string;
}

/** `job`: one that is final. What is still to be done about it stays open, for whoever sweeps. */
export async function deliverWebhook(job: Job, { store, webhooks, nowMillis, newToken }: DeliveryParts): Promise<void> {
  const { webhook } = job;
  if (webhook?.state !== "pending") return store.removeOpen(job.id);
  if (nowMillis() < webhook.nextAtMillis) return;
  const claimed = await writeJob(job, { webhook: attempted(webhook, nowMillis()) }, newToken(), store);
  if (claimed?.webhook === undefined) return;
  let after = claimed.webhook;
  const terms = await webhooks.terms.find(job.tenant);
  // Hosts may have been taken off the list since.
  if (terms !== undefined && isAllowed(webhook.url, terms)) {
    const isDelivered = await webhooks.send(signedMessage(job, webhook.url, terms.secret, nowMillis()));
    if (isDelivered) after = { ...after, state: "delivered" };
  }
  if (after.state === "delivered") await writeJob(claimed, { webhook: after }, newToken(), store);
  if (after.state !== "pending") return store.removeOpen(job.id);
  await store.putOpen({ tenant: job.tenant, id: job.id, dueAtMillis: after.nextAtMillis });
}

function isAllowed(url: string, terms: Parameters<typeof webhookUrl>[1]): boolean {
  try {
    return webhookUrl(url, terms) === url;
  } catch {
    return false;
  }
}
