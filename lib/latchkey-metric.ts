import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { metricNamespace } from '../lambdas/shared/domain/metric-names.ts';
import type { Environment } from './environment.ts';

/** What alarms and graphs look at, unless they say otherwise. */
export const fiveMinutes = Duration.minutes(5);

/** A metric that the functions write into their log lines; of one operation where that is named. */
export const latchkeyMetric = (
  { name }: Environment,
  metricName: string,
  { operation, ...options }: { readonly operation?: string } & MetricOptions = {},
): Metric =>
  new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: { environment: name, ...(operation === undefined ? {} : { operation }) },
    period: fiveMinutes,
    ...options,
  });
