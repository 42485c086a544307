/** A customer: what holds for all of its keys. A key without a tenant opens nothing. */
import type { DataClass } from "./data-class.ts";
import { NO_TERMS, type Terms } from "./terms.ts";

export const TENANT_NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export interface TenantRecord {
  readonly name: string;
  readonly createdAt: string;
  /** `deleted`: keys are refused and late usage lines are not recorded. The record itself goes after DELETED_FOR_DAYS. */
  readonly state: "active" | "deleted";
  readonly deletedAt?: string;
  readonly dataClass: DataClass;
  readonly terms: Terms;
  /**
   * 128 random bits, in the name of each answer that is cached for the tenant and nowhere else: who does not know them finds none.
   * They go when the tenant is deleted. Absent in older records: its name stands for them.
   */
  readonly answerScope?: string;
  /** ISO 8601; until then requests and answers of this tenant stand in the log. */
  readonly debugUntil?: string;
  /** One more with every change; a writer who read an older one is refused. */
  readonly revision: number;
}

/** How long the name of a deleted tenant is taken, so that nobody inherits what still lies in a log. Logs end by then. */
export const DELETED_FOR_DAYS = 90;

export interface TenantStore {
  /** Throws `dependency_unavailable` when the store does not answer. */
  find(name: string): Promise<TenantRecord | undefined>;
}

export interface TenantDirectory extends TenantStore {
  /** By name, deleted ones included. */
  list(): Promise<readonly TenantRecord[]>;
  /** Throws RevisionConflict when `record.revision - 1` is not the stored one. */
  put(record: TenantRecord): Promise<void>;
}

export function requireTenantName(name: string): void {
  if (TENANT_NAME_PATTERN.test(name)) return;
  throw new Error(
    `"${name}" is no tenant name: lower-case letters, digits and '-' between them, at most 63 characters`,
  );
}

export function newTenant(name: string, at: string, dataClass: DataClass = "open"): TenantRecord {
  requireTenantName(name);
  return { name, createdAt: at, state: "active", dataClass, terms: NO_TERMS, revision: 1 };
}
