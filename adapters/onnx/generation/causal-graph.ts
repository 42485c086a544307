/**
 * A causal language model as exports lay it out: `input_ids`, where the graph wants them `attention_mask` and
 * `position_ids`, the keys and values of all layers as `past_key_values.*` in and `present.*` out, `logits` out. Without
 * `position_ids` (onnxruntime-genai) positions follow from the mask, which must then be ones from the first token on: nothing
 * is ever padded here.
 */
import type { TensorSpec } from "../../../core/protocols/spec/signature.ts";
import { onnxTypeOf } from "../data-types.ts";
import type { Graph } from "../graph.ts";
import { type OnnxTensor, onnxRuntime } from "../runtime.ts";
import { floatsOf } from "../text/float-output.ts";
import { fedBackCache } from "./fed-back-cache.ts";
import type { CacheMark, CacheSlot, KeyValueCache } from "./key-value-cache.ts";
import type { KeyValueMemory } from "./key-value-memory.ts";
import { rowCache } from "./row-cache.ts";
import { PRESENT } from "./row-outputs.ts";
import { LEAST_ROWS } from "./steady-attention.ts";

export interface Reading {
  /** Tokens that were read. */
  readonly length: number;
  /** Of memory. */
  readonly bytes: number;
  /** Reads `ids`, at least one; answers the logits of the token after them, which are the caller's to change. */
  read(ids: readonly number[]): Promise<Float32Array>;
  /** The same in one run, with the logits of the token after each of them. */
  readEach(ids: readonly number[]): Promise<readonly Float32Array[]>;
  mark(): CacheMark;
  /** Forgets what was read since. */
  returnTo(mark: CacheMark): void;
  /** Forgets all but the first tokens. */
  cutTo(length: number): void;
  /** The first tokens once more, to go on with something else. */
  fork(length: number): Reading;
  /** Whether runs from now on are asked to be steady (steady-attention.ts), where the graph can be asked. */
  setSteady(isSteady: boolean): void;
  /** Gives the memory back; the reading must not be used again. */
  release(): void;
}

export interface CausalGraph {
  /** A text from its beginning, not steady. Several may be read in turn. Reading throws `overloaded` when there is no memory for it. */
  start(): Reading;
  /** Whether a reading's runs are steady only when they are asked to be. */
  readonly canBeSteady: boolean;
  /** Most tokens that the process has memory for, if nothing else runs. */
  mostTokens(): number;
}

const IDS = "input_ids";
const MASK = "attention_mask";
const POSITIONS = "position_ids";
const PAST = "past_key_values.";
const LOGITS = "logits";

/** Logits of every position are made, of which the last are wanted: this many bytes of them at a time, at most. */
const LOGITS_BYTES = 64 * 2 ** 20;
const LEAST_TOKENS_A_RUN = 64;
const DEFAULT_TOKENS_A_RUN = 512;

/** Throws an Error that says what about the graph is not as above. */
export function causalGraph(graph: Graph, memory: KeyValueMemory): CausalGraph {
  const { inputs, outputs } = graph.signature;
  const [pasts, others] = [inputs.filter(isPast), inputs.filter((input) => !isPast(input))];
  const unknown = others.find(({ name }) => ![IDS, MASK, POSITIONS].includes(name));
  if (unknown !== undefined)
    throw new Error(`the graph wants an input "${unknown.name}", which generation cannot fill`);
  if (!others.some(({ name }) => name === IDS)) throw new Error(`the graph has no input "${IDS}"`);
  for (const { name, dataType } of others) {
    if (dataType !== "INT64" && dataType !== "INT32") throw new Error(`input "${name}" is ${dataType}, not INT64`);
  }
  if (pasts.length === 0) throw new Error(`the graph has no inputs "${PAST}…": it keeps no keys and values`);
  const presentOf = new Map(pasts.map(({ name }) => [name, PRESENT + name.slice(PAST.length)]));
  const missing = [LOGITS, ...presentOf.values()].find((name) => !outputs.some((output) => output.name === name));
  if (missing !== undefined) throw new Error(`the graph has no output "${missing}"`);

  const vocabulary = outputs.find(({ name }) => name === LOGITS)?.shape.at(-1) ?? -1;
  const tokensARun = vocabulary > 0 ? tokensWithin(vocabulary) : DEFAULT_TOKENS_A_RUN;
  const placeOf = ({ present }: CacheSlot): number => outputs.findIndex(({ name }) => name === present);
  // Rows come in the order of the outputs.
  const slots = pasts
    .map((input) => slotOf(input, presentOf.get(input.name) as string))
    .sort((a, b) => placeOf(a) - placeOf(b));
  const kind = graph.hasRowOutputs ? rowCache : fedBackCache;

  function readingOf(cache: KeyValueCache): Reading {
    let leastRows = 1;

    async function run(ids: readonly number[]): Promise<OnnxTensor> {
      const feeds: Record<string, OnnxTensor> = { ...cache.feeds(ids.length) };
      for (const { name, dataType } of others) {
        if (name === IDS) feeds[name] = integers(dataType, ids.length, (at) => ids[at] as number);
        else if (name === MASK) feeds[name] = integers(dataType, cache.length + ids.length, () => 1);
        else feeds[name] = integers(dataType, ids.length, (at) => cache.length + at);
      }
      if (graph.canBeSteady) feeds[LEAST_ROWS] = scalar(leastRows);
      const results = await graph.runTensors(feeds, [LOGITS, ...cache.outputs]);
      cache.add(ids.length, results);
      return results[LOGITS] as OnnxTensor;
    }

    return {
      get length() {
        return cache.length;
      },
      get bytes() {
        return cache.bytes;
      },
      async read(ids) {
        let logits: OnnxTensor | undefined;
        for (let at = 0; at < ids.length; ) {
          const left = ids.length - at;
          // Never one token alone at the end of several: kernels for one row may add up otherwise.
          const count = left === tokensARun + 1 ? tokensARun - 1 : Math.min(left, tokensARun);
          logits = await run(ids.slice(at, at + count));
          at += count;
        }
        if (logits === undefined) throw new Error("no token to read");
        return lastRows(logits, 1)[0] as Float32Array;
      },
      readEach: async (ids) => lastRows(await run(ids), ids.length),
      mark: () => cache.mark(),
      returnTo: (mark) => cache.returnTo(mark),
      cutTo: (length) => cache.cutTo(length),
      fork: (length) => readingOf(cache.fork(length)),
      setSteady(isSteady) {
        leastRows = isSteady ? 2 : 1;
      },
      release: () => cache.release(),
    };
  }

  return {
    canBeSteady: graph.canBeSteady,
    start: () => readingOf(kind.create(slots, memory)),
    mostTokens: () => kind.tokensIn(memory.mostBytes(), slots),
  };
}

const isPast = ({ name }: TensorSpec): boolean => name.startsWith(PAST);

const tokensWithin = (vocabulary: number): number =>
  Math.max(LEAST_TOKENS_A_RUN, Math.floor(LOGITS_BYTES / (vocabulary * Float32Array.BYTES_PER_ELEMENT)));

/** [1, heads, tokens, size of a head] */
function slotOf({ name, dataType, shape }: TensorSpec, present: string): CacheSlot {
  const [, heads = -1, , size = -1] = shape;
  if (shape.length !== 4 || heads === -1 || size === -1) {
    throw new Error(`input "${name}" has the shape [${shape.join(", ")}]; it must say how many heads, and how large`);
  }
  const type = onnxTypeOf(dataType);
  if (type !== "float32" && type !== "float16") throw new Error(`input "${name}" is ${dataType}, not FP32 or FP16`);
  return { past: name, present, type, heads, size };
}

/** Written as 32-bit words, since a BigInt for every token is slow; token ids and positions are not negative. */
function integers(dataType: TensorSpec["dataType"], length: number, valueAt: (at: number) => number): OnnxTensor {
  const { Tensor } = onnxRuntime();
  const stride = dataType === "INT64" ? 2 : 1;
  const words = new Int32Array(length * stride);
  for (let at = 0; at < length; at++) words[at * stride] = valueAt(at);
  return stride === 2
    ? new Tensor("int64", new BigInt64Array(words.buffer), [1, length])
    : new Tensor("int32", words, [1, length]);
}

const scalar = (value: number): OnnxTensor => new (onnxRuntime().Tensor)("int64", BigInt64Array.of(BigInt(value)), []);

function lastRows({ dims, data, type }: OnnxTensor, count: number): Float32Array[] {
  const size = dims.at(-1) as number;
  const first = data.length - count * size;
  if (data instanceof Float32Array)
    return Array.from({ length: count }, (_, row) => data.subarray(first + row * size, first + (row + 1) * size));
  const floats = floatsOf({
    name: LOGITS,
    dataType: type === "float16" ? "FP16" : "BYTES",
    shape: dims,
    data: data as Uint16Array,
  });
  return Array.from({ length: count }, (_, row) =>
    Float32Array.from({ length: size }, (__, at) => floats[first + row * size + at] as number),
  );
}
