/** What the owner of a governed cache should hear of: its month is getting dearer than the bound, or it turns requests away. */
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Duration } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { FailureAlarm } from "../alarms/failure-alarm.ts";
import { GOVERNOR_SERVICE, METRICS_NAMESPACE } from "./governor.ts";

export interface CacheAlarmsProps {
  /** Name of the cache. */
  readonly cacheName: string;
  readonly monthlyUsd: number;
  /** Minutes from one look of the governor to the next. */
  readonly everyMinutes: number;
  readonly topicArn: string | undefined;
}

export class CacheAlarms extends Construct {
  constructor(scope: Construct, id: string, { cacheName, monthlyUsd, everyMinutes, topicArn }: CacheAlarmsProps) {
    super(scope, id);
    new FailureAlarm(this, "Forecast", {
      metric: new Metric({
        namespace: METRICS_NAMESPACE,
        metricName: "cacheForecastUsd",
        dimensionsMap: { service: GOVERNOR_SERVICE, cache: cacheName },
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(Math.max(5, everyMinutes)),
      }),
      threshold: monthlyUsd,
      description: `At the last day's pace the cache ${cacheName} costs more than ${monthlyUsd} USD this month`,
      topicArn,
    });
    new FailureAlarm(this, "Throttled", {
      metric: new Metric({
        namespace: "AWS/ElastiCache",
        metricName: "ThrottledCmds",
        dimensionsMap: { clusterId: cacheName },
        statistic: Stats.SUM,
        period: Duration.minutes(5),
      }),
      threshold: 0,
      description: `The cache ${cacheName} turned commands away: it met its limit, or traffic rose faster than it scales`,
      topicArn,
    });
  }
}
