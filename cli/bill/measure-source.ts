/** What only the account's metrics know of the hours of a bill. */
import type { HourMeasures } from "../../core/pricing/cost/billed-hour.ts";
import type { Period } from "./period.ts";

export interface MeasureSource {
  /** `since`: when the environment was deployed, milliseconds since the epoch. */
  read(hours: readonly Period[], since: number): Promise<MeasuredHours>;
}

export interface MeasuredHours {
  /** One for each hour, in their order. */
  readonly measures: readonly HourMeasures[];
  /** What nobody measured, in words for a person. */
  readonly gaps: readonly string[];
}
