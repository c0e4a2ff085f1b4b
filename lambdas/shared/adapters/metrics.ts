/**
 * Metrics in CloudWatch's embedded format: a log line that CloudWatch turns into metrics by itself
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
import { metricNamespace } from '../domain/metric-names.ts';

/** Writes one value of each metric, under the environment's name. */
export function emitMetrics(
  environment: string,
  metrics: Readonly<Record<string, number>>,
  now: Date,
): void {
  const line = {
    _aws: {
      Timestamp: now.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [['environment']],
          Metrics: Object.keys(metrics).map((Name) => ({ Name })),
        },
      ],
    },
    environment,
    ...metrics,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
