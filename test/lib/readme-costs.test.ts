/** The costs in the README are those that `npm run doctor` prints of prod. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findEnvironment } from '../../lib/environments.ts';
import { billed } from '../../scripts/doctor/billed.ts';
import { templateOf } from './fixtures/synthesise.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const rows = [...readme.matchAll(/^\| ([\d,]+) \| (\$.+) \|$/gm)].map(
  ([, keys = '', costs = '']) => ({
    keys: Number(keys.replaceAll(',', '')),
    costs: costs.split(' | ').map((cost) => Number(cost.replaceAll(/[$,]/g, ''))),
  }),
);

it.each(rows)('of $keys keys', ({ keys, costs }) => {
  const prod = findEnvironment('prod');
  const { says } = billed(prod, templateOf(prod).toJSON()['Resources'], keys);
  const [sum = 0, ...parts] = [...says.matchAll(/\$(\d+\.\d\d)/g)].map(([, cost]) => Number(cost));
  const [secrets = 0, alarms = 0, dashboards = 0, kmsKeys = 0, ...calls] = parts;
  const told = [
    sum,
    secrets,
    alarms + dashboards + kmsKeys,
    calls.reduce((all, each) => all + each, 0),
  ];
  expect(costs).toEqual(told.map((cost) => Math.round(cost * 100) / 100));
});

it('is asked of three sizes', () => expect(rows).toHaveLength(3));
