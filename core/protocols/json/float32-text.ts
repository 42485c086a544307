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
  const decimals = fewestDecimals(size);
  if (decimals === -1) return String(value);
  const scale = POWERS_OF_TEN[decimals] as number;
  return decimalText(value < 0, Math.round(size * scale), decimals, scale);
}

/** As `float32Text` into `bytes`, which has room for MAX_FLOAT32_TEXT more. Returns where it ends. Makes no garbage. */
export function writeFloat32Text(value: number, bytes: Uint8Array, start: number): number {
  const size = value < 0 ? -value : value;
  // Whole numbers, and what is printed as a double, are rare in what models give.
  const decimals = size >= 1e-13 && size < 1 ? fewestDecimals(size) : -1;
  if (decimals === -1 || decimals > 12) return writeAscii(float32Text(value), bytes, start);
  const scale = POWERS_OF_TEN[decimals] as number;
  let digits = Math.round(size * scale);
  if (digits >= scale || digits % 10 === 0) return writeAscii(float32Text(value), bytes, start);
  let at = start;
  if (value < 0) bytes[at++] = MINUS;
  bytes[at] = ZERO;
  bytes[at + 1] = POINT;
  const end = at + 2 + decimals;
  for (let place = end - 1; place > at + 1; place--) {
    const rest = Math.floor(digits / 10);
    bytes[place] = ZERO + digits - 10 * rest;
    digits = rest;
  }
  return end;
}

/** Longest text of a float: a double of 17 digits with sign, point and exponent, or `"-Infinity"`. */
export const MAX_FLOAT32_TEXT = 26;

const [ZERO, MINUS, POINT] = [0x30, 0x2d, 0x2e] as const;

function writeAscii(text: string, bytes: Uint8Array, start: number): number {
  for (let at = 0; at < text.length; at++) bytes[start + at] = text.charCodeAt(at);
  return start + text.length;
}

/** -1: not with the digits that are tried. */
function fewestDecimals(size: number): number {
  let decimals = decimalsForSixDigits(size);
  const most = decimals + SIGNIFICANT_DIGITS.most - SIGNIFICANT_DIGITS.fewest;
  for (; decimals <= most; decimals++) {
    const scale = POWERS_OF_TEN[decimals] as number;
    if (Math.fround(Math.round(size * scale) / scale) === size) return decimals;
  }
  return -1;
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
