/** BF16 is the upper half of an FP32. Bit patterns are what Uint16Array tensors hold. */
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** Rounds to nearest, ties to even; a NaN stays a NaN. */
export function bfloat16Bits(value: number): number {
  float[0] = value;
  const pattern = bits[0] as number;
  if (value !== value) return (pattern >>> 16) | 0x40;
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff;
}

export function bfloat16Value(pattern: number): number {
  bits[0] = pattern << 16;
  return float[0] as number;
}

export const isNanHalf = (pattern: number): boolean => (pattern & 0x7c00) === 0x7c00 && (pattern & 0x3ff) !== 0;
export const isNanBfloat16 = (pattern: number): boolean => (pattern & 0x7f80) === 0x7f80 && (pattern & 0x7f) !== 0;
