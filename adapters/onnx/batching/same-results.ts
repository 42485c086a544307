import type { Tensor } from "../../../core/protocols/spec/tensor.ts";

/** Kernels add up in another order for another number of rows. */
const TOLERANCE = 1e-5;

/** Whether two results of a run are the same but for rounding. */
export function sameResults(one: readonly Tensor[], other: readonly Tensor[]): boolean {
  return one.every((tensor, index) => {
    const twin = other[index];
    if (twin === undefined || tensor.data.length !== twin.data.length) return false;
    if (JSON.stringify(tensor.shape) !== JSON.stringify(twin.shape)) return false;
    for (let at = 0; at < tensor.data.length; at++) {
      const [a, b] = [Number(tensor.data[at]), Number(twin.data[at])];
      if (Object.is(a, b)) continue;
      if (!(Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a)))) return false;
    }
    return true;
  });
}
