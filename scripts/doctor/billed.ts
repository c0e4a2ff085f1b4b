import type { Environment } from '../../lib/environment.ts';
import prices from '../costs/prices.json' with { type: 'json' };
import type { Resources } from '../upgrade/template.ts';
import { about, type Finding } from './finding.ts';

/**
 * What AWS bills of an environment each month whatever its traffic, for a number of keys, at list
 * prices of one region and day.
 */
export function billed({ secrets }: Environment, resources: Resources, keys: number): Finding {
  const count = (type: string) =>
    Object.values(resources).filter(({ Type }) => Type === type).length;
  const parts = [
    // The admin key has one in any case.
    part('secrets', (secrets.storeVirtualKeys ? keys : 0) + 1, prices.secretMonth),
    part('alarms', count('AWS::CloudWatch::Alarm'), prices.alarmMonth),
    part('dashboards', count('AWS::CloudWatch::Dashboard'), prices.dashboardMonth),
    part('KMS keys', count('AWS::KMS::Key'), prices.kmsKeyMonth),
  ];
  const sum = parts.reduce((dollars, { of }) => dollars + of, 0);
  return about('billed').ok(
    `a month with ${keys} keys: $${sum.toFixed(2)} (${parts.map(({ says }) => says).join(', ')}), and what is used of API Gateway, Lambda, DynamoDB, CloudWatch and SES. List prices of ${prices.region}, ${prices.asOf}`,
  );
}

const part = (what: string, number: number, price: number) => ({
  of: number * price,
  says: `${what} ${number} at $${price}`,
});
