import { createRequire } from "node:module";
import type * as OnnxRuntime from "onnxruntime-node";

export type { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";

let loaded: typeof OnnxRuntime | undefined;

/**
 * Required at run time and by CommonJS rules: in a function the package lies in the layer (/opt/nodejs/node_modules, on
 * NODE_PATH, which ES modules do not search), on a developer's machine in node_modules. Deployments without models never load it.
 */
export function onnxRuntime(): typeof OnnxRuntime {
  loaded ??= withHalfFloatsAsBits(createRequire(import.meta.url)("onnxruntime-node") as typeof OnnxRuntime);
  return loaded;
}

/**
 * onnxruntime-common decides with the first tensor that is made how half floats are held: as Float16Array where there is one
 * (Node 24), else as their bits. The native part of 1.30 sees no data in a Float16Array ("not enough space: expected 6, got
 * 0"), so it must not find the class in that moment. Bits are what we exchange anyway.
 */
function withHalfFloatsAsBits(runtime: typeof OnnxRuntime): typeof OnnxRuntime {
  const hidden = Object.getOwnPropertyDescriptor(globalThis, "Float16Array");
  if (hidden === undefined) return runtime;
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    new runtime.Tensor("float32", new Float32Array(1), [1]);
  } finally {
    Object.defineProperty(globalThis, "Float16Array", hidden);
  }
  return runtime;
}
