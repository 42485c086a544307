/**
 * How fast one copy of a model generates, from data sheets alone (a roofline): good enough to rank instance types by their
 * price per token, too rough to promise anything. What was measured replaces it in a plan.
 * After https://arxiv.org/abs/2402.16363: a step moves all weights and the keys and values of all requests once, or computes
 * two operations for each weight and token, whichever takes longer.
 */
import { embeddingParameters, layerParameters } from "../models/architecture.ts";
import type { Accelerator } from "./accelerators.ts";
import { keyValueBytesOnOneGpu, type MemoryDemand, memoryNeed } from "./memory-fit.ts";

/** Shares of the data sheet's figures that kernels reach in practice. */
const BANDWIDTH_SHARE = 0.7;
const COMPUTE_SHARE = 0.5;
/** Two all-reduces a layer, over PCIe; each has a latency that does not shrink with the message. */
const SECONDS_PER_LAYER_OF_COMMUNICATION = 60e-6;
/** Requests are on average half-way through their context. */
const MEAN_CONTEXT_SHARE = 0.5;

/** Of all requests of one copy together, all `concurrency` slots in use. */
export function tokensPerSecond(demand: MemoryDemand, accelerator: Accelerator): number {
  const { architecture, serving, tensorParallel } = demand;
  const { weightBytes } = memoryNeed(demand);
  const contextBytes =
    serving.concurrency *
    serving.contextTokens *
    MEAN_CONTEXT_SHARE *
    keyValueBytesOnOneGpu(architecture, serving, tensorParallel);
  const moving = (weightBytes + contextBytes) / (accelerator.bandwidthGbPerSecond * 1e9 * BANDWIDTH_SHARE);
  const operations = 2 * (layerParameters(architecture) + embeddingParameters(architecture)) * serving.concurrency;
  const computing = operations / tensorParallel / (accelerator.teraflops * 1e12 * COMPUTE_SHARE);
  const talking = tensorParallel > 1 ? architecture.layers * SECONDS_PER_LAYER_OF_COMMUNICATION : 0;
  return serving.concurrency / (Math.max(moving, computing) + talking);
}
