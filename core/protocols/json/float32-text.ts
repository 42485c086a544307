/**
 * FP32 values as JSON numbers: the shortest decimal that reads back as the same float, so `0.1` and not
 * `0.10000000149011612`. Half the bytes of printing the double, and faster than JSON.stringify. Range: any; values
 * outside 1e-13…1e7 are printed as doubles, which read back as well but may be longer.
 *
 * How: round to 6…9 significant digits in decimal, and take the first that survives the way back. m / 10^k with both
 * exact in a double is the double nearest to that decimal, so JavaScript prints no more digits than m has.
 */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const SIGNIFICANT_DIGITS = { fewest: 6, most: 9 };

export function float32Text(value: number): string {
  const size = value < 0 ? -value : value;
  if (!(size >= 1e-13 && size < 1e7)) return wholeDoubleText(value);
  let decimals = decimalsForSixDigits(size);
  const most = decimals + SIGNIFICANT_DIGITS.most - SIGNIFICANT_DIGITS.fewest;
  for (; decimals <= most; decimals++) {
    const scale = POWERS_OF_TEN[decimals] as number;
    const digits = Math.round(size * scale);
    if (Math.fround(digits / scale) !== size) continue;
    return decimalText(value < 0, digits, decimals, scale);
  }
  return String(value);
}

/** Zero keeps its sign; what JSON has no number for becomes the strings of proto3's JSON mapping. */
function wholeDoubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
}

/** Printing an integer and placing the point is twice as fast as printing a fraction. */
function decimalText(negative: boolean, digits: number, decimals: number, scale: number): string {
  if (decimals > 12 || digits >= scale || digits % 10 === 0) return String((negative ? -digits : digits) / scale);
  const text = String(digits).padStart(decimals, "0");
  return negative ? `-0.${text}` : `0.${text}`;
}

function decimalsForSixDigits(size: number): number {
  if (size >= 1) return size >= 1e5 ? 0 : size >= 1e3 ? (size >= 1e4 ? 1 : 2) : size >= 1e2 ? 3 : size >= 10 ? 4 : 5;
  if (size >= 1e-4) return size >= 1e-2 ? (size >= 0.1 ? 6 : 7) : size >= 1e-3 ? 8 : 9;
  return 5 - Math.floor(Math.log10(size));
}
