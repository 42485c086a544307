import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueKey } from "../../core/tenants/issue-key.ts";
import { API_KEY_PATTERN, type ApiKeyStore, hashApiKey } from "../../core/tenants/key.ts";
import { newTenant, type TenantDirectory } from "../../core/tenants/tenant.ts";

const DEMO = "demo";

/** The key of the tenant `demo` on this machine: kept beside the state, so that it is the same after a restart. */
export async function demoKey(
  stateDirectory: string,
  { keys, tenants }: { readonly keys: ApiKeyStore; readonly tenants: TenantDirectory },
): Promise<string> {
  const at = new Date().toISOString();
  const tenant = await tenants.find(DEMO);
  if (tenant?.state !== "active") {
    const answerScope = randomBytes(16).toString("base64url");
    await tenants.put({ ...newTenant(DEMO, at), answerScope, revision: (tenant?.revision ?? 0) + 1 });
  }
  const path = join(stateDirectory, "demo-key");
  const kept = readKept(path);
  if (kept !== undefined && (await keys.find(hashApiKey(kept)))?.state === "active") return kept;
  const { key, record } = issueKey({ tenant: DEMO, name: "first", randomBytes: randomBytes(32), at });
  await keys.put(record);
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  return key;
}

function readKept(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return API_KEY_PATTERN.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
