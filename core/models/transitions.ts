/** What may happen to a model in the registry, as pure steps from one record to the next. */
import {
  type HistoryEntry,
  MAX_HISTORY,
  MAX_VERSIONS,
  type ModelRecord,
  type ModelVersion,
  versionId,
} from "./registry.ts";

export interface Publication {
  readonly name: string;
  readonly group: string;
  readonly version: ModelVersion;
  /** ISO 8601. */
  readonly at: string;
}

/** The version becomes the live one and takes all traffic. Publishing what is live already changes nothing but the group. */
export function publishVersion(
  record: ModelRecord | undefined,
  { name, group, version, at }: Publication,
): ModelRecord {
  if (record === undefined) {
    return {
      name,
      revision: 1,
      group,
      versions: [version],
      weights: { [version.digest]: 1 },
      live: version.digest,
      history: [{ at, action: "publish", to: version.digest }],
    };
  }
  if (record.live === version.digest && record.group === group) return record;
  const others = record.versions.filter(({ digest }) => digest !== version.digest);
  return {
    ...moved(record, version.digest, { at, action: "publish" }),
    group,
    versions: bounded([version, ...others], [version.digest, record.live]),
  };
}

/**
 * Makes `to` live, or else the version that was live before the current one. Throws an Error that says which versions
 * there are when there is nothing to go back to.
 */
export function rollBack(record: ModelRecord, at: string, to?: string): ModelRecord {
  const target = to === undefined ? previousLive(record) : named(record, to);
  if (target === undefined) {
    throw new Error(`model "${record.name}" has no earlier version to go back to; ${versionsOf(record)}`);
  }
  if (target === record.live) throw new Error(`model "${record.name}": version ${versionId(target)} is live already`);
  return moved(record, target, { at, action: "rollback" });
}

function moved(record: ModelRecord, to: string, { at, action }: Pick<HistoryEntry, "at" | "action">): ModelRecord {
  const entry: HistoryEntry = { at, action, from: record.live, to };
  return {
    ...record,
    revision: record.revision + 1,
    live: to,
    weights: { [to]: 1 },
    history: [entry, ...record.history].slice(0, MAX_HISTORY),
  };
}

/**
 * What was live before the current version was published: publishes pile up, a rollback takes off what lies above its
 * target. So a second rollback does not go forward again, but one step further back. Undefined when nothing that still
 * exists lies below.
 */
function previousLive(record: ModelRecord): string | undefined {
  const known = new Set(record.versions.map(({ digest }) => digest));
  return pile(record.history)
    .slice(0, -1)
    .findLast((digest) => digest !== record.live && known.has(digest));
}

/** Oldest first; the last one is live. A rollback to what is not below (it was taken off before) lies on top, like a publish. */
function pile(history: readonly HistoryEntry[]): readonly string[] {
  const digests: string[] = [];
  for (const { action, from, to } of history.toReversed()) {
    if (digests.length === 0 && from !== undefined) digests.push(from);
    const below = action === "rollback" ? digests.lastIndexOf(to) : -1;
    if (below === -1) digests.push(to);
    else digests.length = below + 1;
  }
  return digests;
}

function named(record: ModelRecord, version: string): string {
  const found = record.versions.filter(({ digest }) => digest.startsWith(version));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.digest;
  const problem = found.length === 0 ? "no version" : `${found.length} versions`;
  throw new Error(`model "${record.name}" has ${problem} "${version}"; ${versionsOf(record)}`);
}

const versionsOf = ({ versions, live }: ModelRecord): string =>
  `it has: ${versions.map(({ digest }) => versionId(digest) + (digest === live ? " (live)" : "")).join(", ")}`;

/** Newest first; the oldest go, but never one of `kept`. */
function bounded(versions: readonly ModelVersion[], kept: readonly string[]): readonly ModelVersion[] {
  let surplus = versions.length - MAX_VERSIONS;
  return versions
    .toReversed()
    .filter(({ digest }) => kept.includes(digest) || surplus-- <= 0)
    .toReversed();
}
