/** Logs, and all that costs the same whether anybody calls or not. */
import { HOURS_PER_MONTH } from "../../price-book.ts";
import type { Component } from "../component.ts";
import { costOf } from "../exact.ts";

/** What log groups take in; storage is a fifteenth of that in a month. https://aws.amazon.com/cloudwatch/pricing/ */
export const logs: Component = ({ lines, measured }, { cloudwatch }) => {
  const bytes = measured.logBytes ?? lines.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
  if (bytes === 0) return [];
  const picodollars = costOf(BigInt(bytes), cloudwatch.logIngestGb, 1024n ** 3n);
  return [{ item: "taken in", quantity: bytes / 1024 ** 3, unit: "GB", picodollars }];
};

export const idle: Component = ({ deployment }) => {
  const { idleUsdPerMonth } = deployment;
  if (idleUsdPerMonth === 0) return [];
  const picodollars = costOf(1n, idleUsdPerMonth, BigInt(HOURS_PER_MONTH));
  return [{ item: "without requests", quantity: 1, unit: "hours", picodollars }];
};
