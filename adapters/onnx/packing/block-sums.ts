/**
 * Adds the offsets that were folded (folded-offsets.ts) to packed weights. ONNX Runtime 1.30 on x86 packs a product of 4-bit
 * weights and 8-bit activations as: the weights; for each column and block the factor of the block's sum, −8 · scale, since 8 is
 * the zero point; the scales; each part at the next multiple of 64 bytes, factors of sixteen columns side by side.
 * https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/mlas/lib/qnbitgemm.h (PackedQuantBDataStruct)
 *
 * Nothing is written unless all factors are found where they should be, to the last bit: on other processors they lie elsewhere.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ALIGNMENT_BYTES } from "./aligned-weights.ts";
import type { FoldedOffset } from "./folded-offsets.ts";
import { type StoredTensor, storedTensors } from "./stored-tensors.ts";

const ZERO_POINT = 8;
const COLUMNS_SIDE_BY_SIDE = 16;
const BITS = 4;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

export interface FoldedFiles {
  /** The graph that the offsets were taken out of, as it was before. */
  readonly original: string;
  /** Packed and aligned, the weights in the same folder. */
  readonly packedGraph: string;
  readonly packedWeights: string;
}

/** Answers whether it was done: of all folds or of none. */
export async function addToBlockSums(folds: readonly FoldedOffset[], files: FoldedFiles): Promise<boolean> {
  const [constants, packed] = await Promise.all(
    [files.original, files.packedGraph].map(async (path) => storedTensors(await readFile(path))),
  );
  const weights = await open(files.packedWeights, "r+");
  try {
    const writes: { readonly at: number; readonly factors: Float32Array }[] = [];
    for (const fold of folds) {
      const { columns, blocks, blockSize } = fold;
      if (columns % COLUMNS_SIDE_BY_SIDE !== 0) return false;
      const start = startOfPacked(packed?.get(fold.weights));
      const scales = await floatsOf(constants?.get(fold.scales), files.original);
      const offsets = await floatsOf(constants?.get(fold.offsets), files.original);
      if (start === undefined || scales?.length !== columns * blocks || offsets?.length !== columns * blocks)
        return false;
      const at = alignedUp(start + (columns * blocks * blockSize * BITS) / 8);
      const factors = new Float32Array(columns * blocks);
      const found = await readFloats(weights, at, factors.length);
      for (let column = 0; column < columns; column++) {
        for (let block = 0; block < blocks; block++) {
          const place = placeOf(column, block, blocks);
          const factor = Math.fround(-ZERO_POINT * (scales[column * blocks + block] as number));
          if (found[place] !== factor) return false;
          factors[place] = factor + (offsets[block * columns + column] as number);
        }
      }
      writes.push({ at, factors });
    }
    for (const { at, factors } of writes) await weights.write(new Uint8Array(factors.buffer), 0, undefined, at);
    return true;
  } finally {
    await weights.close();
  }
}

/** Sixteen columns of the first block, sixteen of the second, … */
const placeOf = (column: number, block: number, blocks: number): number => {
  const group = Math.floor(column / COLUMNS_SIDE_BY_SIDE);
  return (group * blocks + block) * COLUMNS_SIDE_BY_SIDE + (column % COLUMNS_SIDE_BY_SIDE);
};

const alignedUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;

/** Of the one packed form that a weight has: `kernel|offset;bytes;checksum`. */
function startOfPacked(tensor: StoredTensor | undefined): number | undefined {
  const [form, ...more] = [...(tensor?.external ?? [])].filter(([key]) => key.startsWith("prepacked"));
  const [, buffer, ...buffers] = form?.[1].split("|") ?? [];
  return buffer === undefined || more.length + buffers.length > 0 ? undefined : Number(buffer.split(";")[0]);
}

async function floatsOf(tensor: StoredTensor | undefined, graph: string): Promise<Float32Array | undefined> {
  if (tensor?.bytes !== undefined) return new Float32Array(Uint8Array.from(tensor.bytes).buffer);
  const [location, offset, length] = ["location", "offset", "length"].map((key) => tensor?.external.get(key));
  if (location === undefined || length === undefined) return undefined;
  const file = await open(join(dirname(graph), location));
  try {
    return await readFloats(file, Number(offset ?? 0), Number(length) / FLOAT_BYTES);
  } finally {
    await file.close();
  }
}

async function readFloats(file: FileHandle, at: number, count: number): Promise<Float32Array> {
  const floats = new Float32Array(count);
  await file.read(new Uint8Array(floats.buffer), 0, floats.byteLength, at);
  return floats;
}
