/**
 * An alarm on failures: quiet without traffic, loud when two of three five-minute windows are over the threshold, or, where one failure
 * is one too many, as soon as one is.
 */
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";

export interface FailureAlarmProps {
  /** Its period must be WINDOW. */
  readonly metric: IMetric;
  /** The alarm's limit, in the metric's unit; the alarm is for more than this. */
  readonly threshold: number;
  readonly description: string;
  /** Whether one window is enough. Default: false. */
  readonly once?: boolean;
  /** SNS topic that is told; undefined: the alarm only shows. */
  readonly topicArn: string | undefined;
}

export class FailureAlarm extends Alarm {
  constructor(
    scope: Construct,
    id: string,
    { metric, threshold, description, once = false, topicArn }: FailureAlarmProps,
  ) {
    super(scope, id, {
      metric,
      threshold,
      alarmDescription: description,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: once ? 1 : 3,
      datapointsToAlarm: once ? 1 : 2,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (topicArn !== undefined) this.addAlarmAction({ bind: () => ({ alarmActionArn: topicArn }) });
  }
}
