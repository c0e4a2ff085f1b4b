/**
 * `npm run mutants`: are the tests any good? Each patch of `test/mutants/` removes one protection; a
 * copy of the checkout gets it, and the tests that the patch names must fail. Words after
 * `npm run mutants --` choose patches by a part of their name.
 *
 * A mutant that does not type-check, or whose tests cannot even start, proves nothing and counts as
 * broken. Fails where a mutant survives, is broken or no longer applies.
 */
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { listMutants, type Mutant } from './mutants/mutant.ts';

const root = resolve(import.meta.dirname, '..');
const copies = 2;
const limitMs = 120_000;
/** For all tests of this process together: before any mutant, or where those that are named did not notice. */
const suiteLimitMs = 1_800_000;
/**
 * Not copied, but for those that a patch names: these tests are about the checkout, and would fail over
 * any patch or in any copy.
 */
const checkoutTests = ['test/scripts/', 'test/mutants/'];

type Verdict =
  | { readonly kind: 'killed'; readonly by: string; readonly bySuite: boolean }
  | { readonly kind: 'survived' }
  | { readonly kind: 'broken'; readonly why: string };

const report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), title: z.string(), ancestorTitles: z.array(z.string()) }),
      ),
    }),
  ),
});

const startedAt = performance.now();
const words = process.argv.slice(2);
const mutants = listMutants(join(root, 'test/mutants')).filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);
if (mutants.length === 0) throw new Error('No mutant has such a name');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-mutants-'));
try {
  const verdicts = await tryAll();
  print(verdicts);
  if ([...verdicts.values()].some(({ kind }) => kind !== 'killed')) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tryAll(): Promise<Map<Mutant, Verdict>> {
  const dirs = Array.from({ length: copies }, (_, index) => copyOfCheckout(`copy-${index}`));
  const [first = ''] = dirs;
  const named = [...new Set(mutants.flatMap(({ tests }) => tests))];
  const untouched = await outcomeOf(first, named, suiteLimitMs);
  if (untouched.kind !== 'survived') {
    throw new Error(`The tests fail without any mutant: ${JSON.stringify(untouched)}`);
  }
  const verdicts = new Map<Mutant, Verdict>();
  const waiting = [...mutants];
  await Promise.all(
    dirs.map(async (dir) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const verdict = await verdictOn(mutant, dir);
        verdicts.set(mutant, verdict);
        const count = `${verdicts.size}/${mutants.length}`.padStart(7);
        console.log(`${count} ${verdict.kind.padEnd(8)} ${mutant.name}`);
      }
    }),
  );
  return new Map(mutants.flatMap((mutant) => [...verdicts].filter(([of]) => of === mutant)));
}

/** What is in the checkout now, committed or not; but no built file, and the packages as a link. */
function copyOfCheckout(name: string): string {
  const dir = join(folder, name);
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
  });
  for (const file of listed.toString().split('\0')) {
    const isNamed = mutants.some(({ tests }) => tests.includes(file));
    if (!isNamed && checkoutTests.some((path) => file.startsWith(path))) continue;
    // Listed, but removed and not yet committed so.
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    cpSync(join(root, file), join(dir, file), { force: true });
  }
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  // Only the functions and the restore are mutated; what a mutant leaves unused is no fault of it.
  writeFileSync(
    join(dir, 'tsconfig.mutant.json'),
    JSON.stringify({
      extends: './tsconfig.json',
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ['lambdas', 'scripts/restore'],
    }),
  );
  return dir;
}

async function verdictOn({ patch, tests }: Mutant, dir: string): Promise<Verdict> {
  const applied = await run(dir, 'git', ['apply', patch]);
  if (applied.code !== 0) return { kind: 'broken', why: `does not apply: ${applied.output}` };
  try {
    const types = await run(dir, 'tsc', ['-p', 'tsconfig.mutant.json']);
    if (types.code !== 0) return { kind: 'broken', why: `has type errors: ${types.output}` };
    const named = await outcomeOf(dir, tests);
    if (named.kind !== 'survived') return named;
    const suite = await outcomeOf(dir, [], suiteLimitMs);
    return suite.kind === 'killed' ? { ...suite, bySuite: true } : suite;
  } finally {
    await run(dir, 'git', ['apply', '--reverse', patch]);
  }
}

/** Runs test files, or the whole in-process suite without any. */
async function outcomeOf(
  dir: string,
  tests: readonly string[],
  timeout: number = limitMs,
): Promise<Verdict> {
  const file = join(dir, 'report.json');
  rmSync(file, { force: true });
  const { output } = await run(
    dir,
    'vitest',
    [
      'run',
      '--project=in-process',
      // The tests of templates, where the patch names some.
      ...(tests.some((test) => test.startsWith('test/lib/')) ? ['--project=stack'] : []),
      '--maxWorkers=1',
      '--bail=1',
      '--reporter=json',
      `--outputFile=${file}`,
      ...tests,
    ],
    timeout,
  );
  try {
    const { success, testResults } = report.parse(JSON.parse(readFileSync(file, 'utf8')));
    if (success) return { kind: 'survived' };
    const failed = testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .find(({ status }) => status === 'failed');
    if (failed === undefined) {
      const why = testResults.find(({ message }) => message !== '')?.message ?? 'no test failed';
      return { kind: 'broken', why: `its tests did not start: ${why}` };
    }
    const by = [...failed.ancestorTitles, failed.title].filter((part) => part !== '').join(' > ');
    return { kind: 'killed', by, bySuite: false };
  } catch {
    return { kind: 'broken', why: `the tests left no report: ${output.slice(-2000)}` };
  }
}

function run(
  dir: string,
  command: string,
  args: readonly string[],
  timeout: number = limitMs,
): Promise<{ readonly code: number; readonly output: string }> {
  const options = {
    cwd: dir,
    timeout,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
    env: {
      ...process.env,
      // Pairs of faults take a minute; every mutant of the matrix shows with one.
      FAULTS: '1',
      PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      // A copy is no repository, and `git apply` must not take it for part of one around it.
      GIT_CEILING_DIRECTORIES: folder,
    },
  } as const;
  return new Promise((done) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : 1, output: `${stdout}${stderr}` });
    });
  });
}

function print(verdicts: ReadonlyMap<Mutant, Verdict>): void {
  const width = Math.max(...mutants.map(({ name }) => name.length));
  console.log(`\n${'Mutant'.padEnd(width)}  Killed by`);
  for (const [{ name, removes }, verdict] of verdicts) {
    console.log(`${name.padEnd(width)}  ${sayingOf(verdict, removes)}`);
  }
  const killed = [...verdicts.values()].filter(({ kind }) => kind === 'killed').length;
  const rate = ((100 * killed) / verdicts.size).toFixed(1);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`\n${killed} of ${verdicts.size} killed (${rate} %) in ${seconds} s`);
}

function sayingOf(verdict: Verdict, removes: string): string {
  switch (verdict.kind) {
    case 'killed':
      return verdict.bySuite
        ? `${verdict.by} (of a file that the patch does not name)`
        : verdict.by;
    case 'survived':
      return `SURVIVED: nothing tests ${removes}`;
    case 'broken':
      return `BROKEN: it ${verdict.why.trim()}`;
  }
}
