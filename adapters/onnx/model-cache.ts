/**
 * The models of this process: each loaded once, as many as fit, the least recently used out. Knows nothing of ONNX.
 */
import { asFarthingError, FarthingError } from "../../core/errors.ts";

/** A version that is about to be loaded: its size is known before it takes any memory. */
export interface Loadable<M> {
  /** Memory that the model will hold, estimated. */
  readonly bytes: number;
  load(): Promise<M>;
}

export interface ModelCacheOptions<M, A> {
  keyOf(address: A): string;
  open(address: A): Promise<Loadable<M>>;
  release(model: M): Promise<void>;
  /** Milliseconds since the epoch. */
  clock(): number;
  readonly budgetBytes: number;
  /** What else the budget is for. */
  readonly others?: BudgetSharer;
}

export interface BudgetSharer {
  heldBytes(): number;
  /** Gives back as much as it can do without. */
  shrink(bytes: number): void;
}

export interface ModelCache<M, A> {
  /** Loads the model if need be, and keeps it from being dropped until `work` has ended. */
  use<R>(address: A, work: (model: M) => Promise<R>): Promise<R>;
  /** The same for work that is a stream, until that has ended or its reader has left. */
  useForStream<R>(address: A, work: (model: M) => AsyncIterable<R>): AsyncIterable<R>;
  /** Keys of what is loaded, least recently used first. */
  loaded(): readonly string[];
  /** Memory of the models that are there or are being loaded, and of those among them that cannot be dropped now. */
  bytes(): { readonly held: number; readonly busy: number };
  /** Drops models that nobody uses, until so many bytes are free or will be in a moment. */
  shed(bytes: number): void;
}

interface Entry<M> {
  readonly model: Promise<M>;
  bytes: number;
  users: number;
  isLoaded: boolean;
}

/** Files that do not load now will not load a moment later either; a new try costs seconds and a download. */
const FAILURE_REMEMBERED_MILLIS = 30_000;

export function createModelCache<M, A>(options: ModelCacheOptions<M, A>): ModelCache<M, A> {
  /** In the order of use: `Map` keeps insertion order, and every use re-inserts. */
  const entries = new Map<string, Entry<M>>();
  const failures = new Map<string, { readonly error: FarthingError; readonly until: number }>();

  function entryOf(key: string, address: A): Entry<M> {
    const known = entries.get(key);
    if (known !== undefined) {
      entries.delete(key);
      entries.set(key, known);
      return known;
    }
    const failed = failures.get(key);
    if (failed !== undefined) {
      if (options.clock() < failed.until) throw failed.error;
      failures.delete(key);
    }
    return start(key, address);
  }

  function start(key: string, address: A): Entry<M> {
    const loading = Promise.withResolvers<M>();
    const entry: Entry<M> = { model: loading.promise, bytes: 0, users: 0, isLoaded: false };
    entries.set(key, entry);
    load(entry, address).then(loading.resolve, (thrown) => {
      entries.delete(key);
      const error = asFarthingError(thrown);
      if (error.code === "model_not_ready") {
        failures.set(key, { error, until: options.clock() + FAILURE_REMEMBERED_MILLIS });
      }
      loading.reject(error);
    });
    return entry;
  }

  async function load(entry: Entry<M>, address: A): Promise<M> {
    const loadable = await options.open(address);
    if (loadable.bytes > options.budgetBytes) throw tooLarge(loadable.bytes, options.budgetBytes);
    // Taken before room is made: what loads at the same time counts it.
    entry.bytes = loadable.bytes;
    await makeRoom();
    const model = await loadable.load();
    entry.isLoaded = true;
    return model;
  }

  const tooMany = (): number => held(entries.values()) + (options.others?.heldBytes() ?? 0) - options.budgetBytes;

  async function makeRoom(): Promise<void> {
    if (tooMany() > 0) options.others?.shrink(tooMany());
    for (const [key, entry] of entries) {
      if (tooMany() <= 0) return;
      if (!isIdle(entry)) continue;
      entries.delete(key);
      await options.release(await entry.model);
    }
    if (tooMany() > 0) throw allInUse();
  }

  return {
    async use(address, work) {
      const entry = entryOf(options.keyOf(address), address);
      entry.users++;
      try {
        return await work(await entry.model);
      } finally {
        entry.users--;
      }
    },
    async *useForStream(address, work) {
      const entry = entryOf(options.keyOf(address), address);
      entry.users++;
      try {
        yield* work(await entry.model);
      } finally {
        entry.users--;
      }
    },
    bytes: () => ({
      held: held(entries.values()),
      busy: held([...entries.values()].filter((entry) => !isIdle(entry))),
    }),
    shed(bytes) {
      let left = bytes;
      for (const [key, entry] of entries) {
        if (left <= 0) return;
        if (!isIdle(entry)) continue;
        entries.delete(key);
        left -= entry.bytes;
        void entry.model.then((model) => options.release(model));
      }
    },
    loaded: () => [...entries].filter(([, entry]) => entry.isLoaded).map(([key]) => key),
  };
}

const isIdle = ({ users, isLoaded }: Entry<unknown>): boolean => users === 0 && isLoaded;

const held = <M>(entries: Iterable<Entry<M>>): number => {
  let bytes = 0;
  for (const entry of entries) bytes += entry.bytes;
  return bytes;
};

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

const tooLarge = (bytes: number, budget: number): FarthingError =>
  new FarthingError(
    "model_not_ready",
    `The version needs about ${megabytes(bytes)} of memory; this deployment has ${megabytes(budget)} for models.`,
  );

const allInUse = (): FarthingError =>
  new FarthingError("overloaded", "Every model that this deployment has memory for is answering a request right now.", {
    retryAfterSeconds: 1,
  });
