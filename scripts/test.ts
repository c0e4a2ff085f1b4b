/**
 * `npm test`: everything that CI checks, one step after the other, with a summary of what ran. Words
 * after `npm test --` go to vitest, such as `--project stack`, or a file's name.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';

const report = join(tmpdir(), `latchkey-tests-${process.pid}.json`);

interface Step {
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The exit code by which it says that it could not find out: told in the summary, and no failure. */
  readonly unknown?: number;
}

const steps: readonly Step[] = [
  { what: 'types', command: 'tsc', args: [] },
  { what: 'lint and import rule', command: 'oxlint', args: [] },
  { what: 'format', command: 'biome', args: ['ci', '--colors=off'] },
  { what: 'unused files, exports and packages', command: 'knip', args: [] },
  {
    what: 'dependencies',
    command: process.execPath,
    args: ['scripts/check-dependencies.ts'],
    unknown: 2,
  },
  {
    what: 'unit, contract, infrastructure, golden and end-to-end tests',
    command: 'vitest',
    args: [
      'run',
      // They have a command of their own: npm run test:clients.
      '--project=!clients',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...process.argv.slice(2),
    ],
  },
];

const lines: string[] = [];
for (const { what, command, args, unknown } of steps) {
  process.stdout.write(`\n=== ${what}: ${command}\n`);
  const startedAt = performance.now();
  const code = await run(command, args);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const isUnknown = code !== 0 && code === unknown;
  const state = code === 0 ? 'ok    ' : isUnknown ? 'NOT CHECKED IN FULL' : 'FAILED';
  lines.push(`${state} ${what} (${seconds} s)`);
  if (code !== 0 && !isUnknown) process.exitCode = 1;
}
const { passed, failed, skipped } = counts();
process.stdout.write(
  `\n=== Summary\n${lines.join('\n')}\n${passed} passed, ${failed} failed, ${skipped} skipped\n`,
);
if (passed === 0 || failed > 0 || skipped > 0) process.exitCode = 1;
rmSync(report, { force: true });

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}

/** From vitest's report; a run that died before it wrote one counts as a failure. */
function counts(): { passed: number; failed: number; skipped: number } {
  const shape = z.object({
    numPassedTests: z.number(),
    numFailedTests: z.number(),
    numPendingTests: z.number(),
    numTodoTests: z.number(),
  });
  try {
    const read = shape.parse(JSON.parse(readFileSync(report, 'utf8')));
    return {
      passed: read.numPassedTests,
      failed: read.numFailedTests,
      skipped: read.numPendingTests + read.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
