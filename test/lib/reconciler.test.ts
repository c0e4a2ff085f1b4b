import { describe, expect, it } from 'vitest';
import { resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const every = (reconcilerPeriodSeconds: number) => ({
  ...sample.prod,
  timing: { ...sample.prod.timing, reconcilerPeriodSeconds },
});

const notRun = (environment: (typeof sample)[keyof typeof sample]) =>
  resourcesOf(templateOf(environment), 'AWS::CloudWatch::Alarm')['ReconcilersettledueNotRunAlarm']
    ?.Properties;

describe('the reconciler', () => {
  it('raises an alarm when it does not run at all, which leaves no data', () => {
    expect(notRun(sample.prod)).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringMatching(/^Reconciler/) } }],
      Statistic: 'Sum',
      Period: 15 * 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      AlarmDescription: expect.stringContaining('docs/runbook.md#settle-due'),
      AlarmActions: [{ Ref: expect.stringMatching(/^AlarmsTopic/) }],
    });
  });

  it('raises an alarm at the first gap in an audit trail', () => {
    const alarms = resourcesOf(templateOf(sample.prod), 'AWS::CloudWatch::Alarm');
    expect(alarms['ReconcilersettledueAuditGapAlarm']?.Properties).toMatchObject({
      Namespace: 'Latchkey',
      MetricName: 'AuditGap',
      Dimensions: [{ Name: 'environment', Value: 'prod' }],
      Statistic: 'Maximum',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      AlarmActions: [{ Ref: expect.stringMatching(/^AlarmsTopic/) }],
    });
  });

  it.each([
    [300, 900],
    [1200, 3600],
    [72_000, 86_400],
  ])('every %i s, is missed after %i s: three runs, or what an alarm can span', (period, after) => {
    expect(notRun(every(period))).toMatchObject({ Period: after });
  });

  it('is alone in this: what nobody calls raises no alarm', () => {
    const alarms = Object.entries(resourcesOf(templateOf(sample.prod), 'AWS::CloudWatch::Alarm'));
    const breaching = alarms.filter(
      ([, { Properties }]) => Properties['TreatMissingData'] !== 'notBreaching',
    );
    expect(breaching.map(([id]) => id)).toEqual(['ReconcilersettledueNotRunAlarm']);
  });
});
