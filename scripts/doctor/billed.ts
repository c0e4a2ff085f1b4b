import type { Environment } from '../../lib/environment.ts';
import { asOf, dollarsPerMillion, region, standingDollars } from '../costs/cost.ts';
import usage from '../costs/usage.json' with { type: 'json' };
import type { Resources } from '../upgrade/template.ts';
import { about, type Finding } from './finding.ts';

/** Of each hundred keys and month, and of each key: what platform teams told of theirs. */
const rotatedShare = 0.1;
const checksPerKey = 100;

/**
 * What AWS bills of an environment in a month with a number of live keys, a tenth of them rotated, each
 * checked a hundred times, at list prices of one region and day.
 */
export function billed({ secrets }: Environment, resources: Resources, keys: number): Finding {
  const count = (type: string) =>
    Object.values(resources).filter(({ Type }) => Type === type).length;
  const isMirrored = secrets.storeVirtualKeys;
  const standing = standingDollars({
    // The admin key has one in any case.
    secrets: (isMirrored ? keys : 0) + 1,
    alarms: count('AWS::CloudWatch::Alarm'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
    kmsKeys: count('AWS::KMS::Key'),
  });
  const calls = (dollars: number, number: number) => (dollars * number) / 1e6;
  const parts = {
    ...standing,
    rotations: calls(dollarsPerMillion(usage.regenerate), keys * rotatedShare),
    checks: calls(dollarsPerMillion(usage.verify), keys * checksPerKey),
  };
  const list = Object.entries(parts).map(([what, dollars]) => `${what} $${dollars.toFixed(2)}`);
  const sum = Object.values(parts).reduce((all, each) => all + each, 0);
  return about('billed').ok(
    `$${sum.toFixed(2)} a month with ${keys} keys, ${keys * rotatedShare} rotations and ${keys * checksPerKey} checks: ${list.join(', ')}. Mails, metrics, warm containers, and tables and logs beyond that, come on top. List prices of ${region}, ${asOf}`,
  );
}
