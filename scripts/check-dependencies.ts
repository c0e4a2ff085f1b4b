/**
 * `npm run check:dependencies`: no package with a known advisory, but those that
 * `scripts/dependencies/allowed-advisories.json` allows, with a reason and a last day; and a lockfile
 * in which each package has a hash, none is deprecated, and no install script is new. Exit code 0:
 * clean; 1: something was found; 2: the registry told nothing about advisories, so that nobody knows.
 * With `--required` that is a 1 too: for a CI that has a registry which answers.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { allowances, judge } from './dependencies/advisories.ts';
import allowed from './dependencies/allowed-advisories.json' with { type: 'json' };
import { wrongIn } from './dependencies/lockfile.ts';

const project = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { required: { type: 'boolean', default: false } } });
const approved = Object.entries(packageJson.allowScripts).flatMap(([name, is]) =>
  is ? [name] : [],
);
const wrong = wrongIn(readFileSync(resolve(project, 'package-lock.json'), 'utf8'), approved);

// Without retries: a registry that does not answer at once is not waited for.
const npm = ['audit', '--json', '--fetch-retries=0', '--fetch-timeout=30000'];
const { stdout } = spawnSync('npm', npm, { cwd: project, encoding: 'utf8' });
const today = new Date().toISOString().slice(0, 10);
const { verdict, lines } = judge(stdout ?? '', allowances.parse(allowed), today);

const advisories = { clean: 'none that is not allowed', found: 'found', unanswered: 'not checked' };
process.stdout.write(
  `${[
    ...wrong,
    `Lockfile: ${wrong.length === 0 ? 'each package has a hash, none is deprecated, no install script is new' : 'found'}`,
    ...lines,
    `Advisories: ${advisories[verdict]}`,
  ].join('\n')}\n`,
);
if (wrong.length > 0 || verdict === 'found') process.exitCode = 1;
else if (verdict === 'unanswered') process.exitCode = values.required ? 1 : 2;
