/**
 * One hour of an environment, as its cost is computed from: what requests did, what Lambda says that it bills, and what
 * only the account's metrics know. What is not measured is left out, and its component is missing from the cost.
 */
import type { UsageLine } from "../../metering/usage-line.ts";
import type { DeployedFunction } from "../deployed-functions.ts";

export interface BilledHour {
  /** Every request that began in the hour, each once. */
  readonly lines: readonly UsageLine[];
  /** What Lambda reported, where its log has it; without, an invocation is billed as long as its usage line says. */
  readonly reports: readonly LambdaReport[];
  readonly deployment: DeploymentFacts;
  readonly measured: HourMeasures;
}

/** One invocation, as `REPORT` or `platform.report` has it. */
export interface LambdaReport {
  readonly deployment: string;
  readonly requestId: string;
  /** INIT included. */
  readonly billedMillis: number;
  readonly memoryMegabytes: number;
}

export interface DeploymentFacts {
  /** By the name that usage lines call a deployment. */
  readonly functions: Readonly<Record<string, DeployedFunction>>;
  /** Model → deployment that holds it: where forwarded requests run. */
  readonly holders: Readonly<Record<string, string>>;
  /** Whether the API is behind a firewall, which costs by the request. */
  readonly firewall: boolean;
  /** What stands there without a request: idleCost() of its templates. Alarms, keys, managed instances. */
  readonly idleUsdPerMonth: number;
}

export interface HourMeasures {
  /** How much of an hour it is, for what is billed by time: 0 to 1. Default: 1. */
  readonly hours?: number;
  /** What the month had before this hour: picks the price tiers. Absent: none. */
  readonly monthBefore?: {
    readonly gatewayRequests: number;
    readonly gbSeconds: Readonly<Record<"x86_64" | "arm64", number>>;
  };
  readonly endpoints?: readonly EndpointHour[];
  readonly cache?: { readonly processingUnits: number; readonly averageGb: number };
  readonly dynamoDb?: { readonly readUnits: number; readonly writeUnits: number; readonly storedGb: number };
  readonly s3?: { readonly gets: number; readonly puts: number; readonly storedGb: number };
  /** Bytes that all log groups took in. Absent: the usage lines alone, as long as they are. */
  readonly logBytes?: number;
}

/** GPU instances behind one endpoint, from their start to their end: idle time is billed like any other. */
export interface EndpointHour {
  readonly instanceType: string;
  readonly instanceSeconds: number;
  /** Models that it serves. */
  readonly models: readonly string[];
}
