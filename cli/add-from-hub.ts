/** `farthing model add hf:…`: fetches the files and hands them on as a folder; the way from there is that of any folder. */
import { rm } from "node:fs/promises";
import { fetchModel } from "../adapters/hub/fetch-model.ts";
import { type HubEvent, type HubSettings, openHub } from "../adapters/hub/hub.ts";
import { modelNameOf, parseHubModel } from "../adapters/hub/hub-model.ts";
import type { AddOptions } from "../adapters/model-folder/add-model.ts";
import { megabytes, progressBar } from "./rendering/progress-bar.ts";
import type { Terminal } from "./terminal.ts";

export interface HubSource {
  readonly options: Pick<AddOptions, "source" | "file" | "attribution"> & { readonly name: string };
  /** The model is in the project: what was fetched is not needed any more. */
  done(): Promise<void>;
}

export interface HubFetch {
  /** `hf:<org>/<name>[@<revision>]` */
  readonly reference: string;
  /** The .onnx file to use; default: the usual one. */
  readonly file?: string | undefined;
  readonly settings: HubSettings;
  /** Where the files of an unfinished download wait for the next attempt. */
  readonly folder: string;
}

/** So that the bar does not cost more than the download. */
const REDRAW_BYTES = 250_000;

export async function fetchFromHub(
  { reference, file, settings, folder }: HubFetch,
  terminal: Terminal,
): Promise<HubSource> {
  const model = parseHubModel(reference);
  const hub = openHub(settings, eventPrinter(terminal));
  try {
    const fetched = await fetchModel(model, { folder, ...(file && { graph: file }) }, hub);
    const { graph, candidates } = fetched.files;
    const others =
      candidates.length === 0 ? "" : `; --file chooses another: ${candidates.map(({ path }) => path).join(", ")}`;
    terminal.note(`graph ${graph.path} (${megabytes(graph.bytes)})${others}`);
    return {
      options: {
        source: fetched.folder,
        file: graph.path,
        name: modelNameOf(model),
        attribution: [`${hub.endpoint.origin}/${model.id}, commit ${fetched.commit}`],
      },
      done: () => rm(fetched.folder, { recursive: true, force: true }),
    };
  } finally {
    terminal.status();
  }
}

function eventPrinter(terminal: Terminal): (event: HubEvent) => void {
  let drawnBytes = Number.NEGATIVE_INFINITY;
  return (event) => {
    switch (event.type) {
      case "chosen":
        return terminal.note(`commit ${event.commit.slice(0, 12)}: ${event.files} files, ${megabytes(event.bytes)}`);
      case "retry":
        return terminal.note(`${event.reason}: trying again`);
      case "progress":
        if (event.doneBytes < event.bytes && event.doneBytes - drawnBytes < REDRAW_BYTES) return;
        drawnBytes = event.doneBytes;
        terminal.status(progressBar(event.doneBytes, event.bytes));
    }
  };
}
