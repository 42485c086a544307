/** Amounts of money as people write them and as they are counted: whole picodollars (1e-12 USD), never a double. */
const PICODOLLAR_DIGITS = 12;
const USD = /^(\d{1,12})(?:\.(\d{1,12}))?$/;

/** `12.5` → 12500000000000n; undefined when the text is no amount: digits, at most 12 before and after the point. */
export function picodollarsOf(text: string): bigint | undefined {
  const [, whole, fraction = ""] = USD.exec(text) ?? [];
  return whole === undefined ? undefined : BigInt(whole + fraction.padEnd(PICODOLLAR_DIGITS, "0"));
}

/** 12500000000000n → `12.5`. Exact. */
export function usdText(picodollars: bigint): string {
  const digits = String(picodollars < 0n ? -picodollars : picodollars).padStart(PICODOLLAR_DIGITS + 1, "0");
  const fraction = digits.slice(-PICODOLLAR_DIGITS).replace(/0+$/, "");
  return `${picodollars < 0n ? "-" : ""}${digits.slice(0, -PICODOLLAR_DIGITS)}${fraction === "" ? "" : `.${fraction}`}`;
}
