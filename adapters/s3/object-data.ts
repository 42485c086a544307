import type { TenantData } from "../../core/tenants/manage-tenants.ts";

export interface ObjectDataOptions {
  /** For people: `recorded answers over 8 kB`. */
  readonly what: string;
  /** Of the tenant's folder, with the `/` at its end: without it, `acme` would take `acme-too` along. */
  prefixOf(tenant: string): string;
  /** Answers how many there were (remove-objects.ts). */
  removeAll(prefix: string): Promise<number>;
}

/** Objects in a folder of their tenant: they go when it goes. */
export const objectDataOn = ({ what, prefixOf, removeAll }: ObjectDataOptions): TenantData => ({
  what,
  remove: (tenant) => removeAll(prefixOf(tenant)),
});
