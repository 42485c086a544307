/** What document routes may ask of the registry and of the targets. */
import type { UsageReader } from "../metering/usage-store.ts";
import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { Catalogue } from "../protocols/protocol.ts";
import { findVersion, liveVersion, unknownModel, unknownVersion } from "./choose-version.ts";
import type { RegistryView } from "./registry-view.ts";
import { SERVER_VERSION } from "./server-version.ts";
import type { Target } from "./target.ts";

export function createCatalogue(
  registry: RegistryView,
  targetOf: (model: ModelRecord) => Target,
  usage?: UsageReader,
  desks: Pick<Catalogue, "jobs" | "files" | "batches"> = {},
): Catalogue {
  async function find(name: string, version?: string) {
    const model = await registry.get(name);
    if (model === undefined) throw unknownModel(name);
    if (version === undefined) return { model, version: liveVersion(model) };
    return namedVersion(registry, model, version);
  }
  return {
    list: () => registry.list(),
    find,
    async ready(name, requested) {
      const { model, version } = await find(name, requested);
      await targetOf(model).ready(model, version);
    },
    serverVersion: SERVER_VERSION,
    usage,
    ...desks,
  };
}

/** A version that memory does not know may have been published a moment ago: look again before saying no. */
export async function namedVersion(
  registry: RegistryView,
  model: ModelRecord,
  requested: string,
): Promise<{ readonly model: ModelRecord; readonly version: ModelVersion }> {
  const version = findVersion(model, requested);
  if (version !== undefined) return { model, version };
  const newest = (await registry.getNewest(model.name)) ?? model;
  const newVersion = findVersion(newest, requested);
  if (newVersion === undefined) throw unknownVersion(newest, requested);
  return { model: newest, version: newVersion };
}
