/** Sizes of the bundles, and of the largest of each kind against its budget. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../scripts/build.ts';
import { budgetOf } from '../scripts/bundle-budgets.ts';
import type { Row } from './row.ts';

export async function sizes(): Promise<Row[]> {
  const outDir = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  try {
    return (await build({ outDir })).map(({ operation, bytes }) => ({
      section: 'bundle, minified',
      what: operation,
      value: bytes / 1000,
      unit: 'kB',
      budget: budgetOf(operation),
    }));
  } finally {
    rmSync(outDir, { recursive: true });
  }
}
