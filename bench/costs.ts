/**
 * What an operation costs by the million, and a month with a thousand keys, at list prices:
 * measured calls, units and bytes, times `scripts/costs/prices.json`. `node bench/costs.ts --write` keeps what
 * was measured in `scripts/costs/usage.json`, which `npm run doctor` reads and a test holds.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dollarsPerMillion, standingDollars, type Usage } from '../scripts/costs/cost.ts';
import { type OperationName, operations, usageOf } from './costs/usage.ts';
import type { Row } from './row.ts';

/** Dollars per million calls; why verify may cost more than 1.60 is in docs/adr/0023-what-a-call-costs.md. */
const budgets: Readonly<Record<string, number>> = {
  verify: 1.7,
  'verify itself': 1.6,
  info: 2,
  update: 8,
  generate: 22,
};

export async function costs(): Promise<Row[]> {
  const usages = await allUsages();
  const rows = Object.entries(usages).map(([what, usage]): Row => {
    const budget = budgets[what];
    return {
      section: 'dollars per million',
      what,
      value: dollarsPerMillion(usage),
      unit: '$',
      ...(budget === undefined ? {} : { budget }),
      samples: usage,
    };
  });
  const { regenerate, verify } = usages;
  const calls = (dollarsPerMillion(regenerate) * 100 + dollarsPerMillion(verify) * 100_000) / 1e6;
  const secrets = standingDollars({ secrets: 1000, alarms: 0, dashboards: 0, kmsKeys: 0 }).secrets;
  const month = (what: string, value: number): Row => ({
    section: 'a month',
    what: `1,000 live keys, 100 rotations, 100,000 checks, ${what}`,
    value,
    unit: '$',
  });
  return [...rows, month('mirrored', secrets + calls), month('not mirrored', calls)];
}

async function allUsages(): Promise<Readonly<Record<OperationName, Usage>>> {
  const found: Partial<Record<OperationName, Usage>> = {};
  for (const name of names) found[name] = await usageOf(name);
  if (!isComplete(found)) throw new Error('An operation was not measured');
  return found;
}

const names = Object.keys(operations).filter((name): name is OperationName => name in operations);
const isComplete = (
  found: Partial<Record<OperationName, Usage>>,
): found is Record<OperationName, Usage> => names.every((name) => found[name] !== undefined);

if (import.meta.main && process.argv.includes('--write')) {
  const path = join(import.meta.dirname, '../scripts/costs/usage.json');
  writeFileSync(path, `${JSON.stringify(await allUsages(), null, 2)}\n`);
}
