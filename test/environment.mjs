import { TestEnvironment } from "jest-environment-node";

/**
 * Jest runs tests in a realm of their own, whose typed arrays are other classes than those that native addons know:
 * onnxruntime-node refuses them. This environment shares the outer realm's binary types.
 */
const SHARED = [
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
];

export default class SharedBinaryTypesEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of SHARED) this.global[name] = globalThis[name];
  }
}
