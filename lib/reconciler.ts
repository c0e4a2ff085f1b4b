import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { AdminSecret } from './admin-secret.ts';
import type { MirroredSecrets } from './mirrored-secrets.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import { alarmOnMetric, runEvery } from './schedule.ts';
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
    const { timing } = defaults.environment;

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

    runEvery(this, this.settleDue, Duration.seconds(timing.reconcilerPeriodSeconds));
    alarmOnMetric(this.settleDue, 'StuckIntents', 1);
    alarmOnMetric(this.settleDue, 'Failed', 1);
    alarmOnMetric(this.settleDue, 'SecretsMissing', 1);
    alarmOnMetric(this.settleDue, 'AuditGap', 1);
    // What is undisturbed is closed within a fence, a period and a run; ten minutes is trouble.
    alarmOnMetric(this.settleDue, 'OldestIntentSeconds', 600);
  }
}
