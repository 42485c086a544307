/**
 * Capacity units of each call, as `AWS/DynamoDB` tells of them: what an account on demand is billed by.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
 */
import type { MetricRecorder } from "../cloudwatch/simulator.ts";

const METRICS: Readonly<Record<string, "ConsumedReadCapacityUnits" | "ConsumedWriteCapacityUnits">> = {
  BatchGetItem: "ConsumedReadCapacityUnits",
  GetItem: "ConsumedReadCapacityUnits",
  Query: "ConsumedReadCapacityUnits",
  Scan: "ConsumedReadCapacityUnits",
  BatchWriteItem: "ConsumedWriteCapacityUnits",
  DeleteItem: "ConsumedWriteCapacityUnits",
  PutItem: "ConsumedWriteCapacityUnits",
  UpdateItem: "ConsumedWriteCapacityUnits",
};

interface TableCapacity {
  readonly TableName: string;
  readonly CapacityUnits: number;
}

export interface ConsumedCapacity {
  /** The input, so changed that the answer tells of its units. */
  asking(operation: string, input: Record<string, unknown>): Record<string, unknown>;
  /** Counts them, and answers the output without them where the caller had not asked. */
  counted(
    operation: string,
    input: Readonly<Record<string, unknown>>,
    output: Record<string, unknown>,
  ): Record<string, unknown>;
  /** A refused conditional write is billed as well; here as one unit, whatever the item's size. */
  refused(operation: string, input: Readonly<Record<string, unknown>>): void;
}

export function createConsumedCapacity(metrics: MetricRecorder, clock: () => number): ConsumedCapacity {
  const record = (operation: string, { TableName, CapacityUnits: value }: TableCapacity): void => {
    const name = METRICS[operation];
    if (name === undefined) return;
    const dimensions = { TableName };
    metrics.recordMetric({
      namespace: "AWS/DynamoDB",
      name,
      dimensions,
      timestampMillis: clock(),
      unit: "Count",
      value,
    });
  };
  return {
    asking: (operation, input) =>
      METRICS[operation] === undefined || asked(input) ? input : { ...input, ReturnConsumedCapacity: "TOTAL" },
    counted(operation, input, output) {
      const { ConsumedCapacity, ...rest } = output;
      if (ConsumedCapacity === undefined) return output;
      for (const one of [ConsumedCapacity].flat() as TableCapacity[]) record(operation, one);
      return asked(input) ? output : rest;
    },
    refused: (operation, { TableName }) => record(operation, { TableName: String(TableName), CapacityUnits: 1 }),
  };
}

const asked = ({ ReturnConsumedCapacity = "NONE" }: Readonly<Record<string, unknown>>): boolean =>
  ReturnConsumedCapacity !== "NONE";
