/** One way from a folder to a live version, for `farthing model publish` and for the demo models of `farthing up`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModelFiles } from "../adapters/model-folder/read-model-folder.ts";
import { inspectModel } from "../adapters/onnx/inspect-model.ts";
import { prepareModel } from "../adapters/onnx/prepare-model.ts";
import { type AnyCard, isEngineCard } from "../core/models/any-card.ts";
import { endpointSignature } from "../core/models/endpoint-signature.ts";
import { type PublishEvent, type Published, publishModel } from "../core/models/publish.ts";
import type { Deployment } from "./deployment.ts";

export type FolderEvent =
  | PublishEvent
  | { readonly type: "inspected" }
  | { readonly type: "prepared"; readonly optimized: boolean; readonly detail: string };

export async function publishFolder(
  directory: string,
  card: AnyCard,
  deployment: Pick<Deployment, "store" | "registry">,
  emit: (event: FolderEvent) => void,
): Promise<Published> {
  const publishing = { ...deployment, now: () => new Date().toISOString(), emit };
  // Its weights are the engine's affair (an endpoint reads them from the bucket, by names of their own); the registry gets the card.
  if (isEngineCard(card)) return publishModel({ card, signature: endpointSignature(card), files: [] }, publishing);
  const out = await mkdtemp(join(tmpdir(), "farthing-publish-"));
  try {
    const prepared = await prepareModel(directory, card, out);
    const source = prepared.type === "optimized" ? { folder: out, card: prepared.card } : { folder: directory, card };
    emit({
      type: "prepared",
      optimized: prepared.type === "optimized",
      detail: prepared.type === "optimized" ? `results equal within ${prepared.largestDifference}` : prepared.reason,
    });
    const signature = await inspectModel(source.folder, source.card);
    emit({ type: "inspected" });
    const files = await readModelFiles(source.folder, source.card);
    return await publishModel({ card: source.card, signature, files }, publishing);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
