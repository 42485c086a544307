/** Receivers of webhooks that are not on the public internet, as farthing.config.ts describes them. */
import { isIP } from "node:net";
import * as z from "zod";
import { isHostName } from "../core/jobs/webhook/webhook-url.ts";

/** Defaults of a receiver. */
export const WEBHOOK_RECEIVER = { port: 443 } as const;

export const webhookReceiverSchema = z.strictObject({
  /** Its name, as in the URLs of webhooks and in its certificate. Which tenants may have it called: `farthing tenant webhook`. */
  host: z.string().refine(isHostName, "a host name with a dot, in lower case"),
  /** Where it is called, and nowhere else: the name is not looked up, so that nobody's name server leads inside. */
  address: z.string().refine((text) => isIP(text) !== 0, "an IP address"),
  port: z.int().min(1).max(65_535).default(WEBHOOK_RECEIVER.port),
  /** Certificates to trust instead of those that Node trusts, in PEM. They stand in the router's environment variables: 4 KB in all. */
  caPem: z.string().startsWith("-----BEGIN CERTIFICATE-----").max(3_000).optional(),
});

export type WebhookReceiver = z.infer<typeof webhookReceiverSchema>;
