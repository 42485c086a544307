import { liveVersion, unknownModel } from "../../core/serving/choose-version.ts";
import type { LocalModels } from "../../core/serving/local-models.ts";
import type { RegistryView } from "../../core/serving/registry-view.ts";

export interface PreloadOptions {
  readonly registry: RegistryView;
  readonly models: LocalModels;
  onFailed(model: string, error: unknown): void;
}

/** Loads the live version of each model. What fails is reported, and costs nobody the start of the function. */
export async function preloadModels(names: readonly string[], options: PreloadOptions): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      try {
        const model = await options.registry.get(name);
        if (model === undefined) throw unknownModel(name);
        await options.models.ready({ model: name, version: liveVersion(model).digest });
      } catch (error) {
        options.onFailed(name, error);
      }
    }),
  );
}
