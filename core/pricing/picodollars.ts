/** Money in whole picodollars (1e-12 USD): fine enough for a token or a millisecond, and exact in sums. */
export const PICODOLLARS_PER_USD = 1_000_000_000_000;

export const picodollarsOf = (usd: number): bigint => BigInt(Math.round(usd * PICODOLLARS_PER_USD));

/** The double nearest to it. */
export const usdOf = (picodollars: bigint): number => Number(picodollars) / PICODOLLARS_PER_USD;

/** `parts` of which `per` are one picodollar; half up. */
export const rounded = (parts: bigint, per: bigint): bigint => (parts + per / 2n) / per;
