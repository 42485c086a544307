/** What must not happen to usage lines: that nobody can count them, or that they are given up. Either way they are in nobody's record. */
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { Duration } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { UNCOUNTABLE_LINES } from "../../../core/metering/uncountable-lines.ts";
import { FailureAlarm } from "./failure-alarm.ts";

export interface UsageAlarmsProps {
  readonly environment: string;
  readonly functionName: string;
  readonly topicArn: string | undefined;
}

export class UsageAlarms extends Construct {
  constructor(scope: Construct, id: string, { environment, functionName, topicArn }: UsageAlarmsProps) {
    super(scope, id);
    const window = { period: Duration.minutes(5), statistic: "Sum" };
    new FailureAlarm(this, "Uncountable", {
      metric: new Metric({
        ...window,
        namespace: UNCOUNTABLE_LINES.namespace,
        metricName: UNCOUNTABLE_LINES.name,
        dimensionsMap: { [UNCOUNTABLE_LINES.dimension]: environment },
      }),
      threshold: 0,
      once: true,
      description: `${functionName} met usage lines that it cannot read: its log says why; docs/guides/operate.md what to do`,
      topicArn,
    });
    // After its tries Lambda drops a batch: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    new FailureAlarm(this, "Dropped", {
      metric: new Metric({
        ...window,
        namespace: "AWS/Lambda",
        metricName: "AsyncEventsDropped",
        dimensionsMap: { FunctionName: functionName },
      }),
      threshold: 0,
      once: true,
      description: `usage lines were given up before ${functionName} took them: npx farthing tenant reconcile reads them from the log again`,
      topicArn,
    });
  }
}
