/**
 * What a caller wishes when an answer takes its time: `Prefer: wait=20`, `Prefer: respond-async`, both of RFC 7240, and
 * `x-farthing-deadline-ms`. A preference that is unknown or malformed is passed over, as the RFC has it.
 * https://www.rfc-editor.org/rfc/rfc7240
 */
import { DEADLINE_HEADER } from "../../serving/caller-deadline.ts";

export interface Wishes {
  /** A job instead of an answer: at once, or, with `waitMillis`, when a wake-up takes longer than that. */
  readonly respondAsync: boolean;
  /** How long a wake-up may take. Undefined: the caller did not say. */
  readonly waitMillis: number | undefined;
  /** The caller named a deadline, and so waits until then. */
  readonly hasDeadline: boolean;
  /** No other model may answer. */
  readonly insists: boolean;
}

/** Of a job that is being run: nobody holds a connection, so it waits without a process, and for the model that was asked. */
export const JOB_WISHES: Wishes = { respondAsync: false, waitMillis: 0, hasDeadline: false, insists: true };

const NO_WISHES: Wishes = { respondAsync: false, waitMillis: undefined, hasDeadline: false, insists: false };

/** `headers`: lower-case names. */
export function wishesOf(headers: Readonly<Record<string, string>>): Wishes {
  const hasDeadline = headers[DEADLINE_HEADER] !== undefined;
  if (headers.prefer === undefined) return hasDeadline ? { ...NO_WISHES, hasDeadline } : NO_WISHES;
  const preferences = preferencesOf(headers.prefer);
  const wait = preferences.get("wait") ?? "";
  return {
    respondAsync: preferences.has("respond-async"),
    waitMillis: /^\d{1,6}$/.test(wait) ? Number(wait) * 1000 : undefined,
    hasDeadline,
    insists: false,
  };
}

/** For the response's `preference-applied`, of those that made a difference. */
export function appliedPreferences({ respondAsync, waitMillis }: Wishes, becameJob: boolean): string | undefined {
  if (!respondAsync && waitMillis === undefined) return undefined;
  const applied = [
    ...(respondAsync && becameJob ? ["respond-async"] : []),
    ...(waitMillis !== undefined ? [`wait=${waitMillis / 1000}`] : []),
  ];
  return applied.length === 0 ? undefined : applied.join(", ");
}

/** Name → value, names in lower case; the first of a name counts. Parameters of a preference are of no use here. */
function preferencesOf(header: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const preference of header.split(",")) {
    const [word = ""] = preference.split(";");
    const at = word.indexOf("=");
    const name = (at === -1 ? word : word.slice(0, at)).trim().toLowerCase();
    const value = at === -1 ? "" : word.slice(at + 1).trim();
    if (name !== "" && !found.has(name)) found.set(name, value.replace(/^"(.*)"$/, "$1"));
  }
  return found;
}
