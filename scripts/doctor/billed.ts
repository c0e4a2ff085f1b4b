import type { Environment } from '../../lib/environment.ts';
import type { Resources } from '../upgrade/template.ts';
import { about, type Finding } from './finding.ts';

/**
 * What AWS counts of an environment in 30 days whatever its traffic, for a number of keys. No prices:
 * they differ by region and change.
 */
export function billed(
  { secrets, timing }: Environment,
  resources: Resources,
  keys: number,
): Finding {
  const count = (type: string) =>
    Object.values(resources).filter(({ Type }) => Type === type).length;
  const runs = (periodSeconds: number) => (30 * 24 * 60 * 60) / periodSeconds;
  const parts = {
    // The admin key has one in any case.
    secrets: (secrets.storeVirtualKeys ? keys : 0) + 1,
    alarms: count('AWS::CloudWatch::Alarm'),
    'KMS keys': count('AWS::KMS::Key'),
    'scheduled calls of functions': runs(timing.reconcilerPeriodSeconds) + runs(300),
  };
  const list = Object.entries(parts).map(([what, number]) => `${what} ${number}`);
  return about('billed').ok(
    `in 30 days with ${keys} keys: ${list.join(', ')}, and what is used of API Gateway, Lambda, DynamoDB, CloudWatch and SES. Prices: https://calculator.aws`,
  );
}
