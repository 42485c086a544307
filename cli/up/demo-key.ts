import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueKey } from "../../core/tenants/issue-key.ts";
import { API_KEY_PATTERN, type ApiKeyStore, hashApiKey } from "../../core/tenants/key.ts";

/** The key of the tenant `demo` on this machine: kept beside the state, so that it is the same after a restart. */
export async function demoKey(stateDirectory: string, keys: ApiKeyStore): Promise<string> {
  const path = join(stateDirectory, "demo-key");
  const kept = readKept(path);
  if (kept !== undefined && (await keys.find(hashApiKey(kept)))?.state === "active") return kept;
  const { key, record } = issueKey({
    tenant: "demo",
    name: "first",
    randomBytes: randomBytes(32),
    at: new Date().toISOString(),
  });
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
