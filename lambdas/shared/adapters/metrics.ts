/**
 * Metrics in CloudWatch's embedded format: members of a log line that CloudWatch turns into metrics by
 * itself (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
import { metricNamespace } from '../domain/metric-names.ts';

/** Members of a line, values of metrics among them, and what says that they are some. */
export interface Metrics {
  readonly _aws?: object;
  readonly environment: string;
  readonly [name: string]: unknown;
}

/**
 * One value of each metric, under the environment's name and, where it is asked for, under that of the
 * operation, which the line has. A 0 is on the line alone: CloudWatch bills a metric for each hour in
 * which it has a value.
 */
export function metricsOf(
  environment: string,
  values: Readonly<Record<string, number>>,
  more: readonly 'operation'[] = [],
): Metrics {
  const names = Object.keys(values).filter((name) => values[name] !== 0);
  return {
    ...(names.length === 0 ? {} : { _aws: declared(names, ['environment', ...more]) }),
    environment,
    ...values,
  };
}

const declared = (names: readonly string[], dimensions: readonly string[]) => ({
  Timestamp: Date.now(),
  CloudWatchMetrics: [
    {
      Namespace: metricNamespace,
      Dimensions: [dimensions],
      Metrics: names.map((Name) => ({ Name })),
    },
  ],
});
