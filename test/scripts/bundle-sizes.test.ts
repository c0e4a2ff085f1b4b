import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, listOperations } from '../../scripts/build.ts';
import { budgetOf } from '../../scripts/bundle-budgets.ts';

interface Output {
  readonly bytes: number;
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

describe('bundle sizes', () => {
  let outDir: string;
  const outputs = new Map<string, Output>();

  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'latchkey-bundles-'));
    await build({ outDir });
    const meta: { outputs: Record<string, Output> } = JSON.parse(
      await readFile(join(outDir, 'meta.json'), 'utf8'),
    );
    for (const [path, output] of Object.entries(meta.outputs)) {
      outputs.set(basename(join(path, '..')), output);
    }
  });
  afterAll(() => rm(outDir, { recursive: true }));

  it('keeps every function within its budget', async () => {
    for (const operation of await listOperations()) {
      const output = outputs.get(operation);
      if (output === undefined) throw new Error(`${operation} was not built`);
      const budget = budgetOf(operation) * 1000;
      expect(
        output.bytes,
        `${operation} is too big; largest inputs:\n${largest(output)}`,
      ).toBeLessThan(budget);
    }
  });

  it('bundles neither the full zod nor the default credential chain', () => {
    const inputs = [...outputs.values()].flatMap((output) => Object.keys(output.inputs));
    expect(
      inputs.filter((path) => /zod\/v4\/classic|credential-provider-(node|sso|ini)/.test(path)),
    ).toEqual([]);
  });

  it('keeps Secrets Manager and SES out of functions that do not call them', () => {
    const carriers = (pattern: RegExp) =>
      [...outputs].flatMap(([operation, output]) =>
        Object.keys(output.inputs).some((path) => pattern.test(path)) ? [operation] : [],
      );
    expect(carriers(/client-secrets-manager/)).toEqual([
      'authorize-request',
      'claim-key',
      'delete-key',
      'generate-key',
      'provision-admin-key',
      'regenerate-key',
      'rotate-due-keys',
      'rotate-secret',
      'settle-due',
      'update-key',
    ]);
    expect(carriers(/client-ses/)).toEqual(['email-key-change']);
  });
});

function largest({ inputs }: Output): string {
  return Object.entries(inputs)
    .sort(([, left], [, right]) => right.bytesInOutput - left.bytesInOutput)
    .slice(0, 8)
    .map(([path, { bytesInOutput }]) => `${bytesInOutput} ${path}`)
    .join('\n');
}
