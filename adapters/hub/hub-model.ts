/** Which model of the Hugging Face Hub is meant. */

export const HUB_PREFIX = "hf:";

export interface HubModel {
  /** `<org>/<name>` */
  readonly id: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

const DEFAULT_REVISION = "main";
/** As the Hub allows them; no segment may consist of dots, since they become folders. */
const REFERENCE = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?$/;
const OTHER_KINDS = /^hf:(?:\/\/)?(datasets|spaces|buckets)\//;

/** Throws an Error that says what a reference looks like. */
export function parseHubModel(reference: string): HubModel {
  const [, kind] = OTHER_KINDS.exec(reference) ?? [];
  if (kind !== undefined) throw new Error(`${reference} names one of the Hub's ${kind}; only models can be added`);
  const [, id, revision = DEFAULT_REVISION] = REFERENCE.exec(reference) ?? [];
  if (id === undefined || revision.includes("..")) {
    throw new Error(`${reference} is no model of the Hub; it must look like hf:<organisation>/<name>[@<revision>]`);
  }
  return { id, revision };
}

/** The Hub's name as a model's name here: lower case, and only what such a name may hold. */
export function modelNameOf({ id }: HubModel): string {
  const [, name = id] = id.split("/");
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .slice(0, 64)
    .replace(/[^a-z0-9]+$/, "");
}
