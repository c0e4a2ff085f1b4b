/**
 * `npm run bench`: what is claimed of performance and cost, in one table, with all samples in
 * `bench/samples.json`. Words choose sections: `npm run bench -- costs sizes`; `beside` is run only when
 * it is chosen. Counts, sizes and ratios within one run: milliseconds of a shared machine mean nothing
 * by themselves. The table goes to standard output, progress to standard error. Exit code 1 where a
 * budget is missed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beside } from './beside.ts';
import { costs } from './costs.ts';
import { cpu } from './cpu.ts';
import { depths } from './depth.ts';
import { growth } from './growth.ts';
import { importTimes } from './import-time.ts';
import { isMet, type Row, tableOf } from './row.ts';
import { silently } from './silently.ts';
import { sizes } from './sizes.ts';

const standard: Readonly<Record<string, () => Promise<Row[]>>> = {
  depth: depths,
  sizes,
  import: importTimes,
  cpu,
  growth,
  costs,
};
const sections = { ...standard, beside };

const words = process.argv.slice(2);
for (const word of words) {
  if (!(word in sections))
    throw new Error(`${word}: choose of ${Object.keys(sections).join(', ')}`);
}
const chosen = words.length === 0 ? Object.keys(standard) : words;
const rows: Row[] = [];
for (const [name, measure] of Object.entries(sections)) {
  if (!chosen.includes(name)) continue;
  process.stderr.write(`${name} ...\n`);
  rows.push(...(await silently(measure)));
}
for (const [section, of] of Map.groupBy(rows, (row) => row.section)) {
  process.stdout.write(`\n### ${section}\n\n${tableOf(of)}\n`);
}
writeFileSync(join(import.meta.dirname, 'samples.json'), `${JSON.stringify(rows, null, 1)}\n`);
const missed = rows.filter((row) => !isMet(row));
process.stdout.write(`\n${rows.length} rows, ${missed.length} over budget\n`);
if (missed.length > 0) process.exitCode = 1;
