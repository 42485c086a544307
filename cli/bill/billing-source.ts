/** Where a bill's usage comes from. Whoever keeps usage lines can stand behind it. */
import type { UsageLine } from "../../core/metering/usage-line.ts";
import type { LambdaReport } from "../../core/pricing/cost/billed-hour.ts";

export interface BillingSource {
  /** Everything that began from `from` on and before `to` (milliseconds since the epoch), each once. */
  read(from: number, to: number): Promise<RecordedUsage>;
}

export interface RecordedUsage {
  readonly lines: readonly UsageLine[];
  /** What Lambda said of its invocations; empty where its log is set to keep quiet. */
  readonly reports: readonly LambdaReport[];
  /** Meant as usage lines, and not to be read: damaged, or of a newer writer. */
  readonly unreadable: number;
}
