/** What starts work on jobs: events of the function itself, and of the clock. */
import { isJsonObject } from "../protocols/json/parse-json.ts";

export type JobEvent =
  | { readonly type: "run"; readonly tenant: string; readonly id: string }
  /** Starts what nobody works on. */
  | { readonly type: "sweep" };

const RUN = "job/1";
export const SWEEP_EVENT = { farthing: "sweep-jobs/1" } as const;

export const encodeRunEvent = ({ tenant, id }: { readonly tenant: string; readonly id: string }): string =>
  JSON.stringify({ farthing: RUN, tenant, id });

/** Undefined: an event of another kind. */
export function jobEventOf(event: unknown): JobEvent | undefined {
  if (!isJsonObject(event)) return undefined;
  const { farthing, tenant, id } = event;
  if (farthing === SWEEP_EVENT.farthing) return { type: "sweep" };
  if (farthing !== RUN || typeof tenant !== "string" || typeof id !== "string") return undefined;
  return { type: "run", tenant, id };
}
