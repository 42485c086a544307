/** Says when the code of the functions changes on disk: once for a burst of changes, as an editor or a checkout makes it. */
import { type FSWatcher, watch } from "node:fs";
import { basename, join } from "node:path";

export interface SourceWatcher {
  close(): void;
}

/** What a function's bundle and the deployment's options are made of. */
const FOLDERS = ["functions", "adapters", "core"];
const FILES = ["farthing.config.ts"];
/** Editors write a file in several steps; a checkout writes many files. */
const QUIET_MILLIS = 150;

/**
 * `onChange` runs one at a time: what changes while it runs leads to one more call afterwards. It must not reject.
 * A folder that is not there is not watched. Needs recursive watching, which Node has on Linux, macOS and Windows.
 */
export function watchSources(root: string, onChange: () => Promise<void>): SourceWatcher {
  let timer: NodeJS.Timeout | undefined;
  let state: "idle" | "running" | "running-and-changed" = "idle";

  const run = async (): Promise<void> => {
    if (state !== "idle") {
      state = "running-and-changed";
      return;
    }
    state = "running";
    await onChange();
    const again = (state as string) === "running-and-changed";
    state = "idle";
    if (again) changed();
  };
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(run, QUIET_MILLIS);
  };

  const watchers = [
    ...FOLDERS.map((folder) => watched(join(root, folder), { recursive: true }, isSource, changed)),
    // The folder, not the file: an editor that replaces a file would end a watch on the file itself.
    watched(root, {}, (name) => FILES.includes(name), changed),
  ].filter((watcher) => watcher !== undefined);

  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

const isSource = (name: string): boolean => /\.(?:[cm]?[jt]s|json)$/.test(name) && !basename(name).startsWith(".");

function watched(
  path: string,
  options: { readonly recursive?: boolean },
  matters: (name: string) => boolean,
  onChange: () => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(path, options, (_event, name) => {
      if (name !== null && matters(name)) onChange();
    });
    // A folder that is removed while it is watched: nothing changes there any more.
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
