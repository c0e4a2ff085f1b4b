import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { MirroredSecrets } from './mirrored-secrets.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import { alarmOnMetric, runEvery } from './schedule.ts';
import type { KeysTable } from './tables.ts';

export interface KeyRotationProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly secrets: MirroredSecrets;
}

/** The scheduled function that gives keys a new value when it is time. The admin key is not among them. */
export class KeyRotation extends Construct {
  readonly rotateDueKeys: Operation;

  constructor(scope: Construct, id: string, props: KeyRotationProps) {
    super(scope, id);
    const { keys, secrets, ...defaults } = props;
    this.rotateDueKeys = new Operation(this, 'rotate-due-keys', {
      ...defaults,
      impact: 'Keys with auto_rotate keep a value for longer than their owners were promised.',
      timeout: Duration.seconds(defaults.environment.timing.functionTimeoutSeconds),
    });
    keys.grantRotate(this.rotateDueKeys);
    secrets.grantRotate(this.rotateDueKeys);

    runEvery(this, this.rotateDueKeys, Duration.minutes(5));
    // Three tries have failed by then, or the runs do not get through. A key that fails shows every two
    // hours, when it is tried: over three the alarm does not go off in between.
    alarmOnMetric(this.rotateDueKeys, 'OldestRotationSeconds', 21_600, {
      period: Duration.hours(3),
    });
  }
}
