/** How much of a process may be filled with models. Estimates, on the safe side: a function that takes more is killed. */

const MEGABYTE = 2 ** 20;

/** Node, ONNX Runtime and this code hold about 90 MB (measured); the rest is for requests and their activations. */
const RESERVED_BYTES = 160 * MEGABYTE;

/**
 * Memory that a model holds, per byte of its files: measured 0.9 with external data (mapped, plus pre-packed copies), 1.7 in
 * one file, whose weights are parsed and copied. The peak while loading is higher by the file itself.
 */
const MEMORY_PER_FILE_BYTE = 2;
/** Arena and kernels of a session, however small its model is. */
const MEMORY_PER_MODEL_BYTES = 4 * MEGABYTE;

export const modelMemoryBytes = (fileBytes: number): number =>
  fileBytes * MEMORY_PER_FILE_BYTE + MEMORY_PER_MODEL_BYTES;

/** `memoryMegabytes`: what the function is configured with. A quarter stays for models even in the smallest one. */
export const modelBudgetBytes = (memoryMegabytes: number): number =>
  Math.max(memoryMegabytes * MEGABYTE - RESERVED_BYTES, (memoryMegabytes * MEGABYTE) / 4);
