import type { ApiKeyRecord } from "../../core/tenants/key.ts";
import type { TenantRecord } from "../../core/tenants/tenant.ts";
import type { Budget, Terms } from "../../core/tenants/terms.ts";
import { usdText } from "../../core/tenants/usd-amount.ts";
import { table } from "./table.ts";

export function tenantTable(tenants: readonly TenantRecord[]): readonly string[] {
  return table([
    ["tenant", "state", "data", "daily", "monthly", "limits", "since"],
    ...tenants.map(({ name, state, dataClass, terms, createdAt, deletedAt }) => [
      name,
      state,
      dataClass,
      budgetText(terms.budgets.daily),
      budgetText(terms.budgets.monthly),
      limitsText(terms),
      (deletedAt ?? createdAt).slice(0, 10),
    ]),
  ]);
}

export function keyTable(keys: readonly ApiKeyRecord[], nowMillis: number): readonly string[] {
  return table([
    ["key", "name", "state", "models", "routes", "data", "daily", "monthly", "limits", "since"],
    ...keys.map((key) => [
      key.prefix,
      key.name,
      stateText(key, nowMillis),
      key.scopes?.models?.join(",") ?? "all",
      key.scopes?.routes?.join(",") ?? "all",
      key.dataClass ?? "tenant's",
      budgetText(key.terms?.budgets.daily),
      budgetText(key.terms?.budgets.monthly),
      key.terms === undefined ? "-" : limitsText(key.terms),
      key.createdAt.slice(0, 10),
    ]),
  ]);
}

export const termsLines = (terms: Terms): readonly string[] =>
  table([
    ["daily", "monthly", "limits"],
    [budgetText(terms.budgets.daily), budgetText(terms.budgets.monthly), limitsText(terms)],
  ]);

function stateText({ state, expiresAt }: ApiKeyRecord, nowMillis: number): string {
  if (state === "revoked" || expiresAt === undefined) return state;
  return Date.parse(expiresAt) > nowMillis ? `active until ${expiresAt.slice(0, 16)}Z` : "expired";
}

const budgetText = (budget: Budget | undefined): string =>
  budget === undefined ? "-" : `${usdText(budget.picodollars)} USD${budget.enforcement === "soft" ? " (soft)" : ""}`;

function limitsText({ limits }: Terms): string {
  const parts = [
    limits.requestsPerSecond !== undefined && `${limits.requestsPerSecond} req/s`,
    limits.tokensPerMinute !== undefined && `${limits.tokensPerMinute} tokens/min`,
    limits.concurrency !== undefined && `${limits.concurrency} at once`,
    limits.openJobs !== undefined && `${limits.openJobs} open jobs`,
  ].filter((part) => part !== false);
  return parts.join(", ") || "-";
}
