/** What an operator does with tenants: create, change, delete. Keys: manage-keys.ts. */
import type { DataClass } from "./data-class.ts";
import type { ApiKeyDirectory } from "./key.ts";
import { newTenant, type TenantDirectory, type TenantRecord } from "./tenant.ts";

const ATTEMPTS = 5;

/** Throws an Error that says what to do when there is no such tenant, or no longer. */
export async function requireTenant(name: string, tenants: Pick<TenantDirectory, "find">): Promise<TenantRecord> {
  const tenant = await tenants.find(name);
  if (tenant === undefined) throw new Error(`there is no tenant "${name}": farthing tenant create ${name}`);
  if (tenant.state === "deleted") throw new Error(`the tenant "${name}" was deleted on ${tenant.deletedAt ?? "?"}`);
  return tenant;
}

/** The tenant, made if it is not there. Throws an Error when one of that name was deleted: nobody inherits a name. */
export async function createTenant(
  name: string,
  options: { readonly at: string; readonly dataClass?: DataClass | undefined; readonly answerScope: string },
  tenants: TenantDirectory,
): Promise<{ readonly tenant: TenantRecord; readonly created: boolean }> {
  const { at, dataClass, answerScope } = options;
  const draft: TenantRecord = { ...newTenant(name, at, dataClass), answerScope };
  if ((await tenants.find(name)) === undefined) {
    try {
      await tenants.put(draft);
      return { tenant: draft, created: true };
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  const existing = await requireTenant(name, tenants);
  if (dataClass !== undefined && dataClass !== existing.dataClass) {
    throw new Error(`the tenant "${name}" exists, and its data class is ${existing.dataClass}, not ${dataClass}`);
  }
  return { tenant: existing, created: false };
}

/** Reads, changes, writes; again when somebody else was faster. Answers what is stored. */
export async function changeTenant(
  name: string,
  change: (tenant: TenantRecord) => Omit<TenantRecord, "revision">,
  tenants: TenantDirectory,
): Promise<TenantRecord> {
  for (let attempt = 1; ; attempt++) {
    const before = await requireTenant(name, tenants);
    const after: TenantRecord = { ...change(before), revision: before.revision + 1 };
    try {
      await tenants.put(after);
      return after;
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** A kind of data that belongs to tenants, and how it goes: usage records, cached answers, files. */
export interface TenantData {
  /** For people: `usage records`. */
  readonly what: string;
  /**
   * Removes all of it; answers how many. Called again after a failure, it removes the rest. `keyHashes`: of the tenant's keys,
   * for what is named after them.
   */
  remove(tenant: string, keyHashes: readonly string[]): Promise<number>;
}

export interface RemovedData {
  readonly what: string;
  readonly count: number;
}

/**
 * Closes the tenant first, so that its keys stop within a minute whatever happens next, then removes what it has. Called
 * again after a failure, it goes on: `deleted` tenants are taken, too.
 */
export async function deleteTenant(
  name: string,
  at: string,
  {
    tenants,
    keys,
    data,
  }: {
    readonly tenants: TenantDirectory;
    readonly keys: ApiKeyDirectory;
    readonly data: readonly TenantData[];
  },
): Promise<readonly RemovedData[]> {
  const found = await tenants.find(name);
  if (found?.state !== "deleted") {
    // What it agreed on and its switches are data too: only the name stays, for DELETED_FOR_DAYS. With `answerScope` goes what
    // names its cached answers: nobody finds them again, nor those that a request under way still leaves.
    await changeTenant(
      name,
      ({ createdAt, dataClass }) => ({
        ...newTenant(name, createdAt, dataClass),
        state: "deleted",
        deletedAt: at,
      }),
      tenants,
    );
  }
  const ownKeys = await keys.list(name);
  const hashes = ownKeys.map(({ hash }) => hash);
  const removed: RemovedData[] = [
    { what: "records of budgets, limits and settings", count: found?.state === "active" ? 1 : 0 },
    { what: "names of cached answers' scopes", count: found?.answerScope === undefined ? 0 : 1 },
  ];
  for (const { what, remove } of data) removed.push({ what, count: await remove(name, hashes) });
  // Last, because they say what else is the tenant's; none of them has opened anything since it is closed.
  for (const hash of hashes) await keys.remove(hash);
  return [{ what: "keys", count: hashes.length }, ...removed];
}

/** By name: bundles hold several copies of a class. */
const isConflict = (error: unknown): boolean => (error as Error | undefined)?.name === "RevisionConflict";
