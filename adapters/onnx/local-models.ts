/** Models of the artifact store, in this process: read, verified, loaded, kept while there is room. */
import { FarthingError, isFarthingError } from "../../core/errors.ts";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import type { Manifest, ManifestFile } from "../../core/models/manifest.ts";
import type { GenerationEvent, GenerationInference } from "../../core/protocols/spec/generation.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { LocalModels, ModelAddress } from "../../core/serving/local-models.ts";
import type { InferenceContext } from "../../core/serving/target.ts";
import type { DiskCache } from "../disk-cache/disk-cache.ts";
import { batchedGraph } from "./batching/batched-graph.ts";
import { asRequester } from "./batching/request-scope.ts";
import { createKeyValueMemory } from "./generation/key-value-memory.ts";
import type { Graph } from "./graph.ts";
import { loadArriving } from "./load-arriving.ts";
import { type LoadedModel, loadModel } from "./load-model.ts";
import { modelBudgetBytes, modelMemoryBytes } from "./memory-budget.ts";
import { createModelCache } from "./model-cache.ts";
import type { LaterPackedGraph } from "./pack-later.ts";
import { servingFiles } from "./serving-files.ts";
import { threadsFor } from "./session-options.ts";
import { startOnnxRuntime } from "./start-runtime.ts";

export interface LocalModelsOptions {
  readonly store: Pick<ArtifactStore, "readManifest" | "readBlob">;
  readonly temporaryDirectory: string;
  /** Memory that the process may take, or this thread's share of it: sets the room for models and the number of threads. */
  readonly memoryMegabytes: number;
  /**
   * Several requests are served at once, in several threads like this one: sessions compute on one thread each, and
   * runs that are asked for at once share one. Default false.
   */
  readonly manyRequests?: boolean;
  /** Where the files of models stay when the process ends. Default: nowhere. */
  readonly diskCache?: DiskCache;
  readonly clock: Clock;
  onLoaded(event: ModelAddress & { readonly millis: number }): void;
}

export interface ModelsOfProcess extends LocalModels {
  /** Work that is best done while nobody waits for an answer; undefined when there is none. Never rejects. */
  betweenRequests(): Promise<unknown> | undefined;
}

export function createLocalModels(options: LocalModelsOptions): ModelsOfProcess {
  const { store, temporaryDirectory, memoryMegabytes, clock, onLoaded } = options;
  const settings = { threads: options.manyRequests ? 1 : threadsFor(memoryMegabytes) };
  const batching = {
    monotonicMillis: () => clock.monotonicMillis(),
    epochMillis: () => clock.epochMillis(),
    afterEvents: setImmediate,
  };
  const arrange = (graph: Graph): Graph => (options.manyRequests ? batchedGraph(graph, batching) : graph);

  const budgetBytes = modelBudgetBytes(memoryMegabytes);
  const keyValueMemory = createKeyValueMemory({
    bytes: () => budgetBytes - cache.bytes().held,
    mostBytes: () => budgetBytes - cache.bytes().busy,
    makeWay: (bytes) => cache.shed(bytes),
  });

  const unpacked = new Set<LaterPackedGraph>();

  async function opened(manifest: Manifest, files: readonly ManifestFile[]): Promise<LoadedModel> {
    const { diskCache, manyRequests = false } = options;
    const folders = { store, temporaryDirectory, ...(diskCache && { cache: diskCache }) };
    const load = { arrange, keyValueMemory };
    const packsAtOnce = manyRequests || manifest.card.task === "text-generation";
    if (diskCache === undefined || !packsAtOnce) {
      return loadArriving(manifest, files, { ...folders, settings, clock, load, ...(!manyRequests && { unpacked }) });
    }
    // Most functions have no disk that outlives them: they do not pay for the code either.
    const { withFastestForm } = await import("./packing/fastest-form.ts");
    return withFastestForm(manifest, files, { ...folders, cache: diskCache }, (directory, form) =>
      loadModel(directory, manifest.card, { ...settings, ...form }, clock, load),
    );
  }

  const cache = createModelCache<LoadedModel, ModelAddress>({
    keyOf: ({ version }) => version,
    async open({ model: name, version }) {
      const started = clock.monotonicMillis();
      const [manifest] = await Promise.all([store.readManifest(name, version), startOnnxRuntime()]);
      const files = filesToServe(manifest);
      return {
        bytes: modelMemoryBytes(files.reduce((sum, { bytes }) => sum + bytes, 0)),
        async load() {
          const model = await loaded(opened(manifest, files));
          onLoaded({ model: name, version, millis: Math.round(clock.monotonicMillis() - started) });
          return model;
        },
      };
    },
    release: (model) => model.release(),
    clock: () => clock.epochMillis(),
    budgetBytes,
    others: {
      heldBytes: () => keyValueMemory.heldBytes(),
      shrink: (bytes) => keyValueMemory.shrink(bytes),
    },
  });

  return {
    infer(address, request, context) {
      if (request.type !== "generation") {
        return cache.use(address, (model) =>
          options.manyRequests
            ? asRequester(context, () => model.infer(request, context))
            : model.infer(request, context),
        );
      }
      const events = cache.useForStream(address, (model) => eventsOf(model, request, context));
      return Promise.resolve({ type: "generation", events });
    },
    ready: (address) => cache.use(address, async () => {}),
    betweenRequests() {
      const due = [...unpacked].map((graph) => graph.packWhenDue()).filter((work) => work !== undefined);
      return due.length === 0 ? undefined : Promise.allSettled(due);
    },
  };
}

async function* eventsOf(
  model: LoadedModel,
  request: GenerationInference,
  context: InferenceContext,
): AsyncGenerator<GenerationEvent> {
  const result = await model.infer(request, context);
  if (result.type !== "generation") throw new Error(`the model answered ${result.type} to a generation`);
  yield* result.events;
}

function filesToServe(manifest: Manifest): readonly ManifestFile[] {
  return servingFiles(manifest.card).map((path) => {
    const file = manifest.files.find((candidate) => candidate.path === path);
    if (file !== undefined) return file;
    throw new FarthingError("model_not_ready", `The version cannot be loaded: its manifest does not list ${path}.`);
  });
}

/** Whatever keeps verified files from loading is a property of the version. */
async function loaded(work: Promise<LoadedModel>): Promise<LoadedModel> {
  try {
    return await work;
  } catch (error) {
    if (isFarthingError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FarthingError("model_not_ready", `The version cannot be loaded: ${reason}.`, { cause: error });
  }
}
