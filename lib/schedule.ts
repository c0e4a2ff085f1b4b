// oxlint-disable no-new -- a construct adds itself to its scope
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { AlarmProps } from './alarm.ts';
import { fiveMinutes, latchkeyMetric } from './latchkey-metric.ts';
import type { Operation } from './operation.ts';

/** Runs the function again and again, and raises an alarm where it does not run at all. */
export function runEvery(scope: Construct, operation: Operation, period: Duration): void {
  const { lambda, environment } = operation;
  new Rule(scope, 'Schedule', {
    description: `Latchkey ${environment.name}: ${operation.node.id}`,
    schedule: Schedule.rate(period),
    targets: [new LambdaFunction(lambda, { retryAttempts: 0 })],
  });
  // Three runs that should have been, a quarter of an hour at least and at most an alarm's day.
  const seconds = Math.min(Math.max(900, 3 * period.toSeconds()), 86_400);
  const runs = lambda.metricInvocations({ statistic: 'Sum', period: Duration.seconds(seconds) });
  operation.alarmWhen('NotRun', runs, 'none');
}

/** Raises an alarm when a run within the period has put the metric at the threshold. */
export function alarmOnMetric(
  operation: Operation,
  metricName: string,
  threshold: number,
  {
    period = fiveMinutes,
    ...told
  }: { readonly period?: Duration } & Partial<Pick<AlarmProps, 'impact' | 'runbook'>> = {},
): void {
  const metric = latchkeyMetric(operation.environment, metricName, {
    statistic: 'Maximum',
    period,
  });
  operation.alarmWhen(metricName, metric, threshold, told);
}
