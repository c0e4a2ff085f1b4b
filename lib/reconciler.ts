// oxlint-disable no-new -- a construct adds itself to its scope
import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { metricNamespace } from '../lambdas/shared/domain/metric-names.ts';
import type { AdminSecret } from './admin-secret.ts';
import type { MirroredSecrets } from './mirrored-secrets.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import type { AuditTable, IdempotencyTable, KeysTable } from './tables.ts';

export interface ReconcilerProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly audit: AuditTable;
  readonly idempotency: IdempotencyTable;
  readonly secrets: MirroredSecrets;
  readonly adminSecret: AdminSecret;
}

/**
 * The scheduled function that finishes or undoes what a function left open, and compares keys with
 * their secrets and audit trails. Two runs at once do no harm.
 */
export class Reconciler extends Construct {
  readonly settleDue: Operation;

  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    super(scope, id);
    const { keys, audit, idempotency, secrets, adminSecret, ...defaults } = props;
    const { name, timing } = defaults.environment;

    this.settleDue = new Operation(this, 'settle-due', {
      ...defaults,
      impact: 'A change of a key that was interrupted stays half done, and its alias taken.',
      timeout: Duration.seconds(timing.functionTimeoutSeconds),
    });
    keys.grantRepair(this.settleDue);
    audit.grantCompare(this.settleDue);
    idempotency.grantRemove(this.settleDue);
    secrets.grantRepair(this.settleDue);
    adminSecret.grantRepair(this.settleDue);

    new Rule(this, 'Schedule', {
      description: `Latchkey ${name}: settle-due`,
      schedule: Schedule.rate(Duration.seconds(timing.reconcilerPeriodSeconds)),
      targets: [new LambdaFunction(this.settleDue.lambda, { retryAttempts: 0 })],
    });

    this.settleDue.alarmWhen('NotRun', this.runsOver(timing.reconcilerPeriodSeconds), 'none');
    this.alarmOn('StuckIntents', name, 1);
    this.alarmOn('Failed', name, 1);
    this.alarmOn('SecretsMissing', name, 1);
    this.alarmOn('AuditGap', name, 1);
    // What is undisturbed is closed within a fence, a period and a run; ten minutes is trouble.
    this.alarmOn('OldestIntentSeconds', name, 600);
  }

  /** Over three runs that should have been, a quarter of an hour at least and at most an alarm's day. */
  private runsOver(periodSeconds: number): Metric {
    const seconds = Math.min(Math.max(900, 3 * periodSeconds), 86_400);
    return this.settleDue.lambda.metricInvocations({
      statistic: 'Sum',
      period: Duration.seconds(seconds),
    });
  }

  private alarmOn(metricName: string, environment: string, threshold: number) {
    const metric = new Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: { environment },
      statistic: 'Maximum',
      period: Duration.minutes(5),
    });
    this.settleDue.alarmWhen(metricName, metric, threshold);
  }
}
