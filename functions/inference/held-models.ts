/** The models of this deployment's group, with all that runs them: loaded only where models are held. */
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import { createFolderCache } from "../../adapters/disk-cache/folder-cache.ts";
import type { Transport } from "../../adapters/http/transport.ts";
import { createLocalModels } from "../../adapters/onnx/local-models.ts";
import { startOnnxRuntime } from "../../adapters/onnx/start-runtime.ts";
import { artifactReaderOn } from "../../adapters/s3/artifacts.ts";
import { signedBucket } from "../../adapters/s3/signed-bucket.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { LocalModels } from "../../core/serving/local-models.ts";
import type { RegistryView } from "../../core/serving/registry-view.ts";
import type { ServingEnvironment } from "./environment.ts";
import { preloadModels } from "./preload.ts";
import type { ServiceLog } from "./service-log.ts";

export interface HeldModels {
  readonly models: LocalModels;
  /** Resolves when the models that the deployment names are loaded, or are known not to load. */
  preload(registry: RegistryView): Promise<void>;
  /** Work that is best done between two requests; undefined when there is none. Never rejects. */
  betweenRequests(): Promise<unknown> | undefined;
}

export interface HeldModelsParts {
  readonly environment: ServingEnvironment;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly serviceLog: ServiceLog;
}

export function heldModels({ environment, variables, transport, clock, serviceLog }: HeldModelsParts): HeldModels {
  const { modelCache, manyRequests } = environment;
  const models = createLocalModels({
    store: artifactReaderOn(signedBucket(clientFromEnvironment("s3", variables, transport), environment.modelBucket)),
    temporaryDirectory: tmpdir(),
    // Each thread has models of its own, and one processor.
    memoryMegabytes: environment.memoryMegabytes / (manyRequests?.workers ?? 1),
    manyRequests: manyRequests !== undefined,
    ...(modelCache && {
      diskCache: createFolderCache({
        directory: resolve(tmpdir(), modelCache.folder),
        maxBytes: modelCache.megabytes * 2 ** 20,
        now: clock.epochMillis,
        onFailed: serviceLog.modelCacheFailed,
      }),
    }),
    clock,
    onLoaded: serviceLog.modelLoaded,
  });
  return {
    models,
    betweenRequests: models.betweenRequests,
    async preload(registry) {
      const options = { registry, models, onFailed: serviceLog.preloadFailed };
      // A runtime that does not start says so to the first request that needs it.
      await Promise.all([preloadModels(environment.preload, options), startOnnxRuntime().catch(() => {})]);
    },
  };
}
