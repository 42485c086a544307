/**
 * A graph that answers before its weights are packed. ONNX Runtime copies the weights of matrix products into the layout of its
 * kernels when it opens a session: MiniLM (FP32, 90 MB) is opened and run once in 45 ms with that, and in 19 ms without, but each
 * later run takes 5.3 instead of 3.6 ms. So it begins without, and packs when the time that it lost has grown to what packing
 * costs: never more than twice what somebody would pay who had known how many requests come (the ski-rental rule).
 */
import { type Graph, openGraph } from "./graph.ts";
import type { SessionSettings } from "./session-options.ts";

export interface LaterPackedGraph extends Graph {
  /** Packs now, where that has begun to pay; undefined where there is nothing to do. Blocks the thread, so not during a request. */
  packWhenDue(): Promise<void> | undefined;
}

export interface PackLaterOptions {
  /** Of the graph and its weights. */
  readonly bytes: number;
  monotonicMillis(): number;
  /** The file is not needed any more. Called once. */
  onDone(): Promise<void>;
}

/**
 * A session with packing takes 0.45 ms longer per MB (MiniLM in FP32 0.33, in INT8 0.32, another BERT 1.3), and a run without it
 * loses a third of its time: after this much of it, both have cost the same.
 */
const RUN_MILLIS_PER_MEGABYTE = 1.5;
/** A long request, in whose midst nobody offers a pause, is to profit too. */
const OVERDUE = 2;

/** `path`: of a graph whose weights lie beside it; all of it must stay there until `onDone`. */
export async function openPackedLater(
  path: string,
  settings: SessionSettings,
  { bytes, monotonicMillis, onDone }: PackLaterOptions,
): Promise<LaterPackedGraph> {
  const opened = await openGraph(path, { ...settings, packing: { type: "none" } });
  const dueMillis = (bytes / 2 ** 20) * RUN_MILLIS_PER_MEGABYTE;
  let current = inUse(opened);
  let runMillis = 0;
  let packing: Promise<void> | undefined;

  function pack(): Promise<void> {
    packing ??= replaced().finally(onDone);
    return packing;
  }

  async function replaced(): Promise<void> {
    // No memory for it, say: the one that answers goes on.
    const packed = await openGraph(path, settings).catch(() => undefined);
    if (packed === undefined) return;
    const before = current;
    current = inUse(packed);
    await before.retire();
  }

  async function use<R>(work: (graph: Graph) => Promise<R>): Promise<R> {
    if (runMillis >= dueMillis * OVERDUE) await pack();
    const started = monotonicMillis();
    try {
      return await current.use(work);
    } finally {
      runMillis += monotonicMillis() - started;
    }
  }

  return {
    signature: opened.signature,
    hasRowOutputs: opened.hasRowOutputs,
    canBeSteady: opened.canBeSteady,
    run: (inputs, outputs) => use((graph) => graph.run(inputs, outputs)),
    runTensors: (feeds, outputs) => use((graph) => graph.runTensors(feeds, outputs)),
    packWhenDue: () => (packing === undefined && runMillis >= dueMillis ? pack() : undefined),
    async release() {
      packing ??= onDone();
      await packing;
      await current.retire();
    },
  };
}

/** Released when it is retired and its last run has ended. */
function inUse(graph: Graph) {
  let runs = 0;
  const idle = Promise.withResolvers<void>();
  let isRetired = false;
  return {
    async use<R>(work: (graph: Graph) => Promise<R>): Promise<R> {
      runs++;
      try {
        return await work(graph);
      } finally {
        runs--;
        if (isRetired && runs === 0) idle.resolve();
      }
    },
    async retire(): Promise<void> {
      isRetired = true;
      if (runs > 0) await idle.promise;
      await graph.release();
    },
  };
}
