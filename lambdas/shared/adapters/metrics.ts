/**
 * Metrics in CloudWatch's embedded format: members of a log line that CloudWatch turns into metrics by
 * itself (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
import { metricNamespace } from '../domain/metric-names.ts';

/** Members of a line, values of metrics among them, and what says that they are some. */
export interface Metrics {
  readonly _aws: object;
  readonly environment: string;
  readonly [name: string]: unknown;
}

/**
 * One value of each metric, under the environment's name and, where it is asked for, under that of the
 * operation, which the line has.
 */
export const metricsOf = (
  environment: string,
  values: Readonly<Record<string, number>>,
  more: readonly 'operation'[] = [],
): Metrics => ({
  _aws: {
    Timestamp: Date.now(),
    CloudWatchMetrics: [
      {
        Namespace: metricNamespace,
        Dimensions: [['environment', ...more]],
        Metrics: Object.keys(values).map((Name) => ({ Name })),
      },
    ],
  },
  environment,
  ...values,
});
