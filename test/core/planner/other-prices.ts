import { type PriceBook, parsePriceBook, usEast1 } from "../../../core/pricing/price-book.ts";

/** The book with other prices of endpoints' instances, USD an hour. */
export const withInstances = (usdPerHour: Readonly<Record<string, number>>): PriceBook =>
  parsePriceBook({ ...usEast1, sagemakerHour: { ...usEast1.sagemakerHour, ...usdPerHour } }, "other prices");
