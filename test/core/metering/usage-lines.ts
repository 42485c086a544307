import type { UsageLine } from "../../../core/metering/usage-line.ts";

/** A usage line as the serving function writes it, unless said otherwise. */
export const usageLine = (overrides: Partial<UsageLine> = {}): UsageLine => ({
  usage: "farthing.usage/1",
  requestId: "11111111-2222-4333-8444-555555555555",
  at: "2026-11-24T12:00:00.000Z",
  tenant: "acme",
  key: "fk_aaaa",
  route: "/v2/models/{name}/infer",
  model: "digits",
  version: "a".repeat(64),
  target: "function",
  deployment: "small",
  status: 200,
  inputTokens: 3,
  outputTokens: 5,
  requestBytes: 100,
  responseBytes: 200,
  inferenceMillis: 1.234,
  durationMillis: 2.5,
  coldStart: false,
  priceUsd: 0.0000015,
  ...overrides,
});
