/** Whether a key's row, its aliases and its secrets tell the same. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { describedSecret, leaseOf, rowOf, secretOf, valueUnder } from './local-aws.ts';

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const names = z.object({ secretName: z.string(), alias: z.nullable(z.string()) });

/** A live key holds its alias, and its secret has its value as the version that the row names. */
export async function expectAgreement(keyId: string): Promise<void> {
  const row = await rowOf(keyId);
  expect(row).toMatchObject({ status: 'active', intent: null });
  const { secretName: name, alias } = names.parse(row);
  const secret = await secretOf(name);
  expect(row['cur']).toMatchObject({
    hash: sha256(secret?.value ?? ''),
    ver: secret?.versionId,
  });
  expect(secret?.tags).toMatchObject({ 'latchkey:env': 'local', key_id: keyId });
  if (alias === null) return;
  expect(await leaseOf(alias)).toMatchObject({ state: 'held', keyId, secretName: name });
}

/** A name that a key has given up: the alias is free, the secret in its deletion window. */
export async function expectLeft(alias: string, keyId: string): Promise<void> {
  expect(await leaseOf(alias)).toMatchObject({
    state: 'free',
    keyId,
    deletedAt: expect.any(String),
  });
  expect(await describedSecret(`litellm/${alias}`)).toMatchObject({ isScheduled: true });
}

/** No label of the secret leads to one of these values. */
export async function expectNowhere(name: string, values: readonly string[]): Promise<void> {
  const labels = Object.values((await describedSecret(name))?.stages ?? {}).flat();
  const shown = await Promise.all([...new Set(labels)].map((label) => valueUnder(name, label)));
  for (const value of values) expect(shown).not.toContain(value);
}
