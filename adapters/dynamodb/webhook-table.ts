/** Whom a tenant may have called, in the table of tenants: `{ pk: "webhook#<tenant>", hosts: <JSON>, secret }` */
import type { WebhookTerms, WebhookTermsStore } from "../../core/jobs/webhook/webhook.ts";
import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import { dependencyUnavailable } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { type Item, keyOf, type ReadableTable, textOf } from "./table.ts";

const partitionOf = (tenant: string): string => `webhook#${tenant}`;

export function webhookTermsOn(table: Pick<ReadableTable, "get">): WebhookTermsStore {
  return {
    async find(tenant) {
      try {
        return termsOf(await table.get(partitionOf(tenant)));
      } catch (error) {
        throw dependencyUnavailable("the list of tenants", error);
      }
    },
  };
}

export interface WebhookDirectory extends WebhookTermsStore {
  put(tenant: string, terms: WebhookTerms): Promise<void>;
  remove(tenant: string): Promise<void>;
}

export const webhookDirectoryOn = (table: AdministeredTable): WebhookDirectory => ({
  ...webhookTermsOn(table),
  async put(tenant, { hosts, secret }) {
    await table.put({ ...keyOf(partitionOf(tenant)), hosts: { S: JSON.stringify(hosts) }, secret: { S: secret } });
  },
  remove: (tenant) => table.remove(partitionOf(tenant)),
});

/** Goes when its tenant goes. */
export const webhookDataOn = (directory: WebhookDirectory): TenantData => ({
  what: "webhook settings",
  async remove(tenant) {
    const found = await directory.find(tenant);
    await directory.remove(tenant);
    return found === undefined ? 0 : 1;
  },
});

function termsOf(item: Item | undefined): WebhookTerms | undefined {
  const [hosts, secret] = [item && textOf(item, "hosts"), item && textOf(item, "secret")];
  if (hosts === undefined || secret === undefined) return undefined;
  return { hosts: JSON.parse(hosts) as readonly string[], secret };
}
