import type { FolderEvent } from "../publish-folder.ts";
import { bytesText } from "./table.ts";

/** One step of a publish as a line. */
export function publishLine(event: FolderEvent): string {
  switch (event.type) {
    case "prepared":
      return `${event.optimized ? "optimised" : "as it is "}  ${event.detail}`;
    case "inspected":
      return "inspected  loads, and fits its card";
    case "blob-upload":
      return `uploading  ${event.path} (${bytesText(event.bytes)})`;
    case "blob-present":
      return `present    ${event.path} (${bytesText(event.bytes)})`;
    case "conflict-retry":
      return `somebody else changed the model meanwhile; deciding again (${event.attempt})`;
  }
}
