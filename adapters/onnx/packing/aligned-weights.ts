/**
 * Moves packed weights to where they can be read. ONNX Runtime 1.30 stores each behind the one before, at any byte; its kernels
 * for quantised products (MatMulNBits) look for the parts of a packed weight at the next multiples of 64 bytes of its address.
 * Mapped at another remainder than it was made at, such a weight reads as nonsense, or from behind its end.
 * https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/mlas/lib/qnbitgemm.h (PackedQuantBDataStruct)
 */
import { open, readFile, rename, writeFile } from "node:fs/promises";
import { GRAPH, MODEL_GRAPH, TENSOR } from "../generation/onnx-nodes.ts";
import { eachField, message } from "../generation/protobuf.ts";
import { externalEntry } from "./stored-tensors.ts";

/** MLAS_DEFAULT_PREFERRED_BUFFER_ALIGNMENT: what the memory has in which weights are packed. A mapping begins with a page. */
export const ALIGNMENT_BYTES = 64;
const COPIED_AT_ONCE_BYTES = 4 * 2 ** 20;

const NODE_ATTRIBUTE = 5;
/** Graphs within a node: the branches of If, the body of Loop. */
const ATTRIBUTE_GRAPHS: ReadonlySet<number> = new Set([6, 11]);
const EXTERNAL_ENTRY = { key: 1, value: 2 } as const;

export interface Move {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

export interface AlignedGraph {
  readonly graph: Uint8Array;
  /** Of the weights, in the order of their new places. */
  readonly moves: readonly Move[];
}

/** The graph, with all that it has in another file at multiples of `ALIGNMENT_BYTES` there. */
export function alignedGraph(model: Uint8Array): AlignedGraph {
  const moves: Move[] = [];
  let end = 0;
  const place = (from: number, bytes: number): number => {
    const to = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    moves.push({ from, to, bytes });
    end = to + bytes;
    return to;
  };
  const graph = (bytes: Uint8Array): Uint8Array =>
    mapFields(bytes, (field, value) => {
      if (field === GRAPH.initializer) return tensor(value, place);
      return field === GRAPH.node ? node(value) : undefined;
    });
  const node = (bytes: Uint8Array): Uint8Array =>
    mapFields(bytes, (field, attribute) =>
      field === NODE_ATTRIBUTE
        ? mapFields(attribute, (part, value) => (ATTRIBUTE_GRAPHS.has(part) ? graph(value) : undefined))
        : undefined,
    );
  return { graph: mapFields(model, (field, value) => (field === MODEL_GRAPH ? graph(value) : undefined)), moves };
}

/** Both files as `alignedGraph` wants them. The weights are copied by and by: they may be larger than the memory. */
export async function alignWeights(graphPath: string, weightsPath: string): Promise<void> {
  const { graph, moves } = alignedGraph(await readFile(graphPath));
  const unfinished = `${weightsPath}.aligned`;
  const source = await open(weightsPath);
  try {
    const target = await open(unfinished, "w");
    try {
      const buffer = Buffer.allocUnsafe(COPIED_AT_ONCE_BYTES);
      for (const { from, to, bytes } of moves) {
        for (let done = 0; done < bytes; ) {
          const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, bytes - done), from + done);
          if (bytesRead === 0) throw new Error("the stored weights end before the graph says");
          await target.write(buffer, 0, bytesRead, to + done);
          done += bytesRead;
        }
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  await rename(unfinished, weightsPath);
  await writeFile(graphPath, graph);
}

/** `external_data` holds texts: where the weight is, and where each packed form of it, as `key|offset;bytes;checksum|…`. */
function tensor(bytes: Uint8Array, place: (from: number, bytes: number) => number): Uint8Array {
  const entries = new Map<string, string>();
  eachField(bytes, (field, entry) => {
    if (field === TENSOR.externalData) entries.set(...externalEntry(entry));
  });
  if (!entries.has("offset") || !entries.has("length")) return bytes;
  const moved = new Map([["offset", String(place(Number(entries.get("offset")), Number(entries.get("length"))))]]);
  for (const [key, value] of entries) {
    if (!key.startsWith("prepacked")) continue;
    const [kernel, ...buffers] = value.split("|");
    const placed = buffers.map((buffer) => {
      const [offset, length, ...rest] = buffer.split(";");
      return [place(Number(offset), Number(length)), length, ...rest].join(";");
    });
    moved.set(key, [kernel, ...placed].join("|"));
  }
  return mapFields(bytes, (field, entry) => {
    if (field !== TENSOR.externalData) return undefined;
    const [key, value] = externalEntry(entry);
    return Buffer.concat([
      message(EXTERNAL_ENTRY.key, Buffer.from(key)),
      message(EXTERNAL_ENTRY.value, Buffer.from(moved.get(key) ?? value)),
    ]);
  });
}

/** `change`: the field's new content; undefined leaves it. */
function mapFields(
  bytes: Uint8Array,
  change: (field: number, value: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const parts: Uint8Array[] = [];
  eachField(bytes, (field, value, _, whole) => {
    const changed = change(field, value);
    parts.push(changed === undefined ? whole : message(field, changed));
  });
  return Buffer.concat(parts);
}
