import type { UsageLine } from "../../../../core/metering/usage-line.ts";
import type { BilledHour, DeploymentFacts, HourMeasures } from "../../../../core/pricing/cost/billed-hour.ts";

let count = 0;

export const line = (change: Partial<UsageLine> = {}): UsageLine => ({
  ...{ usage: "farthing.usage/1", requestId: `request-${count++}`, at: "2026-11-24T08:00:00.000Z" },
  ...{ tenant: "acme", key: "fk_Ab3d", route: "/v1/embeddings", model: "mini", version: "a".repeat(64) },
  ...{ target: "function", deployment: "small", status: 200, inputTokens: 10, outputTokens: 0 },
  ...{ requestBytes: 100, responseBytes: 1_000, inferenceMillis: 2, durationMillis: 2.5, coldStart: false },
  ...{ priceUsd: 0.000001 },
  ...change,
});

export const DEPLOYMENT: DeploymentFacts = {
  functions: {
    router: { memoryMegabytes: 512, architecture: "arm64" },
    small: { memoryMegabytes: 1_769, architecture: "x86_64" },
  },
  holders: { mini: "small", digits: "small" },
  firewall: false,
  idleUsdPerMonth: 0,
};

interface HourParts {
  readonly lines?: readonly UsageLine[];
  readonly reports?: BilledHour["reports"];
  readonly deployment?: Partial<DeploymentFacts>;
  readonly measured?: HourMeasures;
}

export const hour = ({ lines = [], reports = [], deployment = {}, measured = {} }: HourParts): BilledHour => ({
  ...{ lines, reports, measured },
  deployment: { ...DEPLOYMENT, ...deployment },
});
