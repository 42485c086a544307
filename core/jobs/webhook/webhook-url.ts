import { FarthingError, show } from "../../errors.ts";
import type { WebhookTerms } from "./webhook.ts";

export const WEBHOOK_HEADER = "x-farthing-webhook";

const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;
const MAX_LENGTH = 2_048;

/** A name with a dot, not an address, in lower case: what may stand in a tenant's list. */
export const isHostName = (text: string): boolean => HOST_NAME.test(text);

/** The URL as it is called. Throws `invalid_field` for one that the tenant may not have called. */
export function webhookUrl(text: string, terms: WebhookTerms | undefined): string {
  if (terms === undefined || terms.hosts.length === 0) {
    throw refused(text, "this tenant has no hosts that may be called; ask whoever runs the API to allow one");
  }
  const url = text.length <= MAX_LENGTH && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "" || url.port !== "") {
    throw refused(text, "an https URL without user, password and port is allowed");
  }
  if (!isHostName(url.hostname) || !terms.hosts.includes(url.hostname)) {
    throw refused(text, `allowed are ${terms.hosts.join(", ")}`);
  }
  url.hash = "";
  return url.href;
}

const refused = (text: string, why: string): FarthingError =>
  new FarthingError("invalid_field", `${WEBHOOK_HEADER} is ${show(text)}; ${why}.`, { field: WEBHOOK_HEADER });
