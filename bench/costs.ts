/**
 * `node bench/costs.ts`: what each operation uses of AWS and costs per million calls at list prices, and
 * what a month costs. `--write` keeps the counts in `scripts/costs/usage.json`, which `npm run doctor` reads.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dollarsPerMillion, type Usage } from '../scripts/costs/cost.ts';
import { type OperationName, operations, usageOf } from './costs/usage.ts';

const usages: Record<string, Usage> = {};
const isName = (name: string): name is OperationName => name in operations;
for (const name of Object.keys(operations).filter(isName)) {
  const usage = await usageOf(name);
  usages[name] = usage;
  process.stdout.write(
    `${name}: $${dollarsPerMillion(usage).toFixed(2)} ${JSON.stringify(usage)}\n`,
  );
}
if (process.argv.includes('--write')) {
  const path = join(import.meta.dirname, '../scripts/costs/usage.json');
  writeFileSync(path, `${JSON.stringify(usages, null, 2)}\n`);
}
