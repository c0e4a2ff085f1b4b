import { describe, expect, it } from 'vitest';
import { resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

type Sample = (typeof sample)[keyof typeof sample];

const every = (reconcilerPeriodSeconds: number) => ({
  ...sample.prod,
  timing: { ...sample.prod.timing, reconcilerPeriodSeconds },
});

const alarmsOf = (environment: Sample) =>
  resourcesOf(templateOf(environment), 'AWS::CloudWatch::Alarm');
const notRun = (environment: Sample) =>
  alarmsOf(environment)['ReconcilersettledueNotRunAlarm']?.Properties;

describe.each([
  ['ReconcilersettledueNotRunAlarm', 'settle-due', /^Reconciler/],
  ['RotationrotateduekeysNotRunAlarm', 'rotate-due-keys', /^Rotation/],
])('%s', (id, runbook, functionId) => {
  it('is raised where the function does not run at all, which leaves no data', () => {
    expect(alarmsOf(sample.prod)[id]?.Properties).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringMatching(functionId) } }],
      Statistic: 'Sum',
      Period: 15 * 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      AlarmDescription: expect.stringContaining(`docs/runbook.md#${runbook}`),
      AlarmActions: [{ Ref: expect.stringMatching(/^AlarmsTopic/) }],
    });
  });
});

describe('the reconciler', () => {
  it('raises an alarm at the first gap in an audit trail', () => {
    expect(alarmsOf(sample.prod)['ReconcilersettledueAuditGapAlarm']?.Properties).toMatchObject({
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
});

describe('scheduled functions', () => {
  it('run every minute, and every five', () => {
    const rules = Object.entries(resourcesOf(templateOf(sample.prod), 'AWS::Events::Rule'));
    const rates = rules.map(([id, { Properties }]) => [id, Properties['ScheduleExpression']]);
    expect(Object.fromEntries(rates)).toEqual({
      ReconcilerSchedule: 'rate(1 minute)',
      RotationSchedule: 'rate(5 minutes)',
    });
  });

  it('are alone in this: what nobody calls raises no alarm', () => {
    const breaching = Object.entries(alarmsOf(sample.prod)).filter(
      ([, { Properties }]) => Properties['TreatMissingData'] !== 'notBreaching',
    );
    expect(breaching.map(([id]) => id).sort()).toEqual([
      'ReconcilersettledueNotRunAlarm',
      'RotationrotateduekeysNotRunAlarm',
    ]);
  });
});

describe('the rotation of keys', () => {
  it('raises an alarm when a key stays overdue for six hours, until it is not any more', () => {
    const alarm = alarmsOf(sample.prod)['RotationrotateduekeysOldestRotationSecondsAlarm'];
    expect(alarm?.Properties).toMatchObject({
      Namespace: 'Latchkey',
      MetricName: 'OldestRotationSeconds',
      Dimensions: [{ Name: 'environment', Value: 'prod' }],
      Statistic: 'Maximum',
      // A key that fails is seen every two hours.
      Period: 3 * 3600,
      Threshold: 6 * 3600,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [{ Ref: expect.stringMatching(/^AlarmsTopic/) }],
    });
  });
});
