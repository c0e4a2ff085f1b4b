/**
 * Secrets Manager's request rates per Region, which cannot be raised:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
import { AwsRefusal } from './aws-refusal.ts';

/** Calls per second by group; operations of one group share it. */
const groups: readonly { readonly perSecond: number; readonly operations: readonly string[] }[] = [
  { perSecond: 10_000, operations: ['DescribeSecret', 'GetSecretValue'] },
  { perSecond: 50, operations: ['PutSecretValue', 'UpdateSecretVersionStage'] },
  { perSecond: 50, operations: ['CreateSecret'] },
  { perSecond: 50, operations: ['DeleteSecret'] },
  { perSecond: 50, operations: ['RestoreSecret'] },
  { perSecond: 50, operations: ['TagResource'] },
];

export class SecretsManagerRates {
  readonly #taken = new Map<object, { second: number; calls: number }>();

  /** Counts a call. Throws `ThrottlingException` where its group has no more in this second. */
  take(operation: string, now: Date): void {
    const group = groups.find(({ operations }) => operations.includes(operation));
    if (group === undefined) throw new Error(`No rate is known for ${operation}`);
    const second = Math.floor(now.getTime() / 1000);
    const taken = this.#taken.get(group);
    const calls = taken?.second === second ? taken.calls : 0;
    if (calls >= group.perSecond) throw new AwsRefusal('ThrottlingException', 'Rate exceeded');
    this.#taken.set(group, { second, calls: calls + 1 });
  }
}
