/** Where a tenant is told of its jobs' ends, and what is known of the telling. */

/** Of a tenant, set by the operator. */
export interface WebhookTerms {
  /** Host names that may be called; nothing else may. */
  readonly hosts: readonly string[];
  /** `whsec_` and base64: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#symmetric */
  readonly secret: string;
}

export interface WebhookTermsStore {
  /** Undefined: the tenant may have none called. */
  find(tenant: string): Promise<WebhookTerms | undefined>;
}

/** Of a job. */
export interface JobWebhook {
  readonly url: string;
  readonly state: "pending" | "delivered" | "given-up";
  readonly attempts: number;
  readonly nextAtMillis: number;
}

/** From one attempt to the next; after the last one, nobody tries any more. The answer itself stays to be fetched. */
export const WEBHOOK_RETRY_MILLIS: readonly number[] = [60_000, 300_000, 1_800_000, 7_200_000, 18_000_000];

export const newWebhook = (url: string): JobWebhook => ({ url, state: "pending", attempts: 0, nextAtMillis: 0 });

/** An attempt begins: written before anything is sent, so that of two processes one sends. Its own failure is presumed. */
export function attempted(webhook: JobWebhook, nowMillis: number): JobWebhook {
  const wait = WEBHOOK_RETRY_MILLIS[webhook.attempts];
  const attempts = webhook.attempts + 1;
  if (wait === undefined) return { ...webhook, attempts, state: "given-up" };
  return { ...webhook, attempts, nextAtMillis: nowMillis + wait };
}
