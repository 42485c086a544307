import { type ModelRecord, versionId } from "../../core/models/registry.ts";
import { bytesText, table } from "./table.ts";

/** One line per model, under a head. */
export function modelTable(records: readonly ModelRecord[]): readonly string[] {
  if (records.length === 0)
    return ["no models yet: npx farthing model add <path>, then npx farthing model publish <name>"];
  const rows = records.map(({ name, group, live, versions, history }) => {
    const version = versions.find(({ digest }) => digest === live);
    const since = history.find(({ to }) => to === live)?.at ?? "";
    return [
      name,
      version?.task ?? "",
      versionId(live),
      `${versions.length}`,
      group,
      bytesText(version?.bytes ?? 0),
      since,
    ];
  });
  return table([["NAME", "TASK", "LIVE", "VERSIONS", "GROUP", "SIZE", "LIVE SINCE"], ...rows]);
}

/** Versions, newest first, and what happened to them. */
export function modelDetails({ name, group, revision, live, versions, history }: ModelRecord): readonly string[] {
  const ofVersion = versions.map(({ digest, createdAt, bytes }) => [
    versionId(digest),
    createdAt,
    bytesText(bytes),
    digest === live ? "live" : "",
  ]);
  const happened = history.map(({ at, action, from, to }) => [at, action, from ? versionId(from) : "", versionId(to)]);
  return [
    `${name}  (group ${group}, revision ${revision})`,
    "",
    ...table([["VERSION", "PUBLISHED", "SIZE", ""], ...ofVersion]),
    "",
    ...table([["AT", "ACTION", "FROM", "TO"], ...happened]),
  ];
}
