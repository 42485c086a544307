import type { PageId, UsagePage } from "./usage-page.ts";

/** What customers and their bills are told from. */
export interface UsageReader {
  /** All pages of one day. Throws `dependency_unavailable` when the store does not answer. */
  pages(tenant: string, day: string): Promise<readonly UsagePage[]>;
}

export interface UsageStore extends UsageReader {
  /** Consistent. */
  find(id: PageId): Promise<UsagePage | undefined>;
  /** `refused`: the stored revision is not the one before the page's; nothing is written. */
  put(page: UsagePage): Promise<"written" | "refused">;
}

/** How long usage stays: what a bill may be asked about a year later. */
export const USAGE_KEPT_DAYS = 400;
