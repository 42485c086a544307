/**
 * The metric of usage lines that nobody can count: damaged, or of a newer version than the reconciler. As members of a log line
 * (embedded metric format), whose text says what is wrong with them.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const UNCOUNTABLE_LINES = {
  namespace: "Farthing",
  name: "uncountableUsageLines",
  dimension: "environment",
} as const;

export const uncountableLines = (environment: string, count: number, epochMillis: number) => ({
  _aws: {
    Timestamp: epochMillis,
    CloudWatchMetrics: [
      {
        Namespace: UNCOUNTABLE_LINES.namespace,
        Dimensions: [[UNCOUNTABLE_LINES.dimension]],
        Metrics: [{ Name: UNCOUNTABLE_LINES.name, Unit: "Count" }],
      },
    ],
  },
  [UNCOUNTABLE_LINES.dimension]: environment,
  [UNCOUNTABLE_LINES.name]: count,
});
