import { sha256Hex } from "../../../core/models/digest.ts";
import type { ModelVersion } from "../../../core/models/registry.ts";

/** The n-th version of a model, with the digest that stands for it. */
export const versionOf = (n: number): ModelVersion => ({
  digest: sha256Hex(`version ${n}`),
  createdAt: new Date(n * 1_000).toISOString(),
  bytes: 100 + n,
  task: "tensor",
  price: { usdPerRequest: 0.000001 },
  signature: {
    inputs: [{ name: "x", dataType: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "y", dataType: "FP32", shape: [-1] }],
  },
});
