/** What stands between the caller and the functions: API Gateway, the firewall, and the data that leaves AWS. */
import type { Component } from "../component.ts";
import { costOf, tieredCostOf } from "../exact.ts";

const BYTES_PER_MB = 1024 ** 2;
const BYTES_PER_GB = 1024n ** 3n;

/** Each started 10 MB of a streamed answer counts as a request: https://aws.amazon.com/api-gateway/pricing/ */
export const apiGateway: Component = ({ lines, measured }, { apiGateway: price }) => {
  const pieceBytes = price.restStreamMeterMB * BYTES_PER_MB;
  const weights = lines.map(({ responseBytes }) => Math.max(1, Math.ceil(responseBytes / pieceBytes)));
  const quantity = sum(weights);
  if (quantity === 0) return [];
  const before = BigInt(measured.monthBefore?.gatewayRequests ?? 0);
  const units = { smallest: 1n, unitsPerPrice: 1_000_000n };
  const picodollars = tieredCostOf(BigInt(quantity), before, price.restPerM, units);
  return [{ item: "requests", quantity, unit: "requests", picodollars, weights }];
};

/** Per request inspected; the ACL and its rules are paid by the month. https://aws.amazon.com/waf/pricing/ */
export const firewall: Component = ({ lines, deployment }, { waf }) => {
  if (!deployment.firewall || lines.length === 0) return [];
  const picodollars = costOf(BigInt(lines.length), waf.requestPerM, 1_000_000n);
  return [{ item: "requests", quantity: lines.length, unit: "requests", picodollars }];
};

/** Bodies alone: what headers weigh is not in a usage line. */
export const egress: Component = ({ lines }, { network }) => {
  const weights = lines.map(({ responseBytes }) => responseBytes);
  const bytes = sum(weights);
  if (bytes === 0) return [];
  const picodollars = costOf(BigInt(bytes), network.egressGb, BYTES_PER_GB);
  return [{ item: "data to the internet", quantity: bytes / Number(BYTES_PER_GB), unit: "GB", picodollars, weights }];
};

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
