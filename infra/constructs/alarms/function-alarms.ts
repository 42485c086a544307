/** What must not happen to a serving function: it fails without an answer, or Lambda turns calls away. */
import { Duration } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { ServingFunction } from "../serving-function/serving-function.ts";
import { FailureAlarm } from "./failure-alarm.ts";

export interface FunctionAlarmsProps {
  readonly servingFunction: Pick<ServingFunction, "function" | "functionName">;
  readonly topicArn: string | undefined;
}

export class FunctionAlarms extends Construct {
  constructor(scope: Construct, id: string, { servingFunction, topicArn }: FunctionAlarmsProps) {
    super(scope, id);
    const window = { period: Duration.minutes(5) };
    new FailureAlarm(this, "Errors", {
      metric: servingFunction.function.metricErrors(window),
      threshold: 0,
      description: `${servingFunction.functionName} crashed or ran into its timeout; errors that it answers itself do not count`,
      topicArn,
    });
    new FailureAlarm(this, "Throttles", {
      metric: servingFunction.function.metricThrottles(window),
      threshold: 0,
      description: `${servingFunction.functionName} met its reserved concurrency or the account's`,
      topicArn,
    });
  }
}
