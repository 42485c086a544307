/**
 * How much GPU memory a model needs on each of `tensorParallel` GPUs, as vLLM divides it: weights, keys and values of every
 * token it is to hold, the work of one step, and what CUDA takes. The order and the budget are those of vLLM's worker:
 * https://docs.vllm.ai/en/latest/configuration/conserving_memory/ and `determine_available_memory` in vllm/v1/worker/gpu_worker.py.
 * All pure; bytes throughout.
 */
import {
  type Architecture,
  embeddingParameters,
  keyValueBytesPerToken,
  layerParameters,
} from "../models/architecture.ts";
import type { EndpointCard, WeightType } from "../models/endpoint-card.ts";
import type { Accelerator } from "./accelerators.ts";

export const BYTES_PER_GIB = 1024 ** 3;
const BYTES_PER_GB = 1e9;

/** vLLM's default; what is left stays for graphs that are captured afterwards and for other programs. */
export const GPU_MEMORY_UTILIZATION = 0.9;
/** Tokens whose keys and values vLLM keeps together (`--block-size`): a request takes whole blocks. */
const TOKENS_PER_BLOCK = 16;

/**
 * What is not in PyTorch's hands: the CUDA context with the kernels that were loaded, and cuBLAS's workspace. vLLM reports it
 * at start as "non_torch" memory, 0.1 to 0.6 GiB on one GPU; NCCL's and the custom all-reduce's buffers come on top on several.
 */
const CUDA_BYTES = 0.6 * BYTES_PER_GIB;
const COMMUNICATION_BYTES = 0.6 * BYTES_PER_GIB;

const HALF = 2;
const SINGLE = 4;
/** int4: groups of 128 with a scale of 16 bits and a zero of 4. https://arxiv.org/abs/2306.00978 */
const BYTES_PER_WEIGHT: Readonly<Record<WeightType, number>> = {
  bf16: HALF,
  fp16: HALF,
  fp8: 1,
  int4: (4 + (16 + 4) / 128) / 8,
};

/** What the card asks for, and on how many GPUs. */
export interface MemoryDemand {
  readonly architecture: Architecture;
  readonly serving: Pick<
    EndpointCard["serving"],
    "weightType" | "keyValueType" | "contextTokens" | "concurrency" | "batchedTokens"
  >;
  readonly tensorParallel: number;
}

/** Of one GPU. */
export interface MemoryNeed {
  readonly weightBytes: number;
  readonly keyValueBytes: number;
  readonly activationBytes: number;
  readonly overheadBytes: number;
  /** All of them. */
  readonly bytes: number;
}

export function memoryNeed({ architecture, serving, tensorParallel }: MemoryDemand): MemoryNeed {
  const layers = layerParameters(architecture) * BYTES_PER_WEIGHT[serving.weightType];
  const weightBytes = (layers + embeddingParameters(architecture) * HALF) / tensorParallel;
  const keyValueBytes = heldTokens(serving) * keyValueBytesOnOneGpu(architecture, serving, tensorParallel);
  const activationBytes = stepBytes(architecture, serving, tensorParallel);
  const overheadBytes = CUDA_BYTES + (tensorParallel > 1 ? COMMUNICATION_BYTES : 0);
  return {
    weightBytes,
    keyValueBytes,
    activationBytes,
    overheadBytes,
    bytes: weightBytes + keyValueBytes + activationBytes + overheadBytes,
  };
}

/** What vLLM lets itself have of one GPU. */
export const memoryBudget = ({ memoryGb }: Pick<Accelerator, "memoryGb">): number =>
  memoryGb * BYTES_PER_GB * GPU_MEMORY_UTILIZATION;

/** The sum as a person would write it down, for messages. */
export function memoryArithmetic(demand: MemoryDemand, { memoryGb }: Pick<Accelerator, "memoryGb">): string {
  const { serving, tensorParallel } = demand;
  const need = memoryNeed(demand);
  const perToken = keyValueBytesOnOneGpu(demand.architecture, serving, tensorParallel);
  return [
    `weights ${gib(need.weightBytes)}`,
    `+ keys and values ${gib(need.keyValueBytes)} (${serving.concurrency} requests × ${serving.contextTokens} tokens × ${perToken} bytes)`,
    `+ one step of ${serving.batchedTokens} tokens ${gib(need.activationBytes)}`,
    `+ CUDA ${gib(need.overheadBytes)}`,
    `= ${gib(need.bytes)} on each of ${tensorParallel} GPU${tensorParallel === 1 ? "" : "s"}`,
    `against ${GPU_MEMORY_UTILIZATION} × ${memoryGb} GB = ${gib(memoryBudget({ memoryGb }))}`,
  ].join(" ");
}

/** Tokens of all requests together, each at its longest, in whole blocks. */
const heldTokens = ({ contextTokens, concurrency }: MemoryDemand["serving"]): number =>
  concurrency * Math.ceil(contextTokens / TOKENS_PER_BLOCK) * TOKENS_PER_BLOCK;

/** Heads are dealt out to the GPUs; where there are fewer than GPUs, each GPU keeps a copy of one. */
export function keyValueBytesOnOneGpu(
  architecture: Architecture,
  { keyValueType }: Pick<MemoryDemand["serving"], "keyValueType">,
  tensorParallel: number,
): number {
  const keyValueHeads = Math.max(1, Math.ceil(architecture.keyValueHeads / tensorParallel));
  return keyValueBytesPerToken({ ...architecture, keyValueHeads }, keyValueType === "fp8" ? 1 : HALF);
}

/**
 * The peak of one step, as vLLM measures it with a step of full size before it fills the rest with keys and values: the
 * stream of hidden states four times (input, residual, queries and their answer), gate, up and their product of the widest
 * layer, and for each request its logits in single precision three times (as computed, sorted, as probabilities).
 */
function stepBytes(
  { hiddenSize, intermediateSize, vocabularySize }: Architecture,
  { batchedTokens, concurrency }: MemoryDemand["serving"],
  tensorParallel: number,
): number {
  const hidden = batchedTokens * HALF * (4 * hiddenSize + (3 * intermediateSize) / tensorParallel);
  return hidden + concurrency * vocabularySize * SINGLE * 3;
}

const gib = (bytes: number): string => `${(bytes / BYTES_PER_GIB).toFixed(2)} GiB`;
