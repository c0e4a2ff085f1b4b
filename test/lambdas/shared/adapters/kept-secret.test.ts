import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, it } from 'vitest';
import { keptSecret } from '../../../../lambdas/shared/adapters/kept-secret.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { type Canned, cannedAws, refusal } from '../../fixtures/canned-aws.ts';

const text = (SecretString: string) => ({ status: 200, body: { SecretString } });

async function secretWith(...answers: Canned[]) {
  const { config, asked } = await cannedAws(...answers);
  const clock = new FakeClock();
  return { read: keptSecret(new SecretsManagerClient(config), 'arn', clock.now), asked, clock };
}

it('is read once in five minutes', async () => {
  const { read, asked, clock } = await secretWith(text('one'), text('two'));
  expect(await read(false)).toBe('one');
  clock.advance(299_999);
  expect(await read(false)).toBe('one');
  expect(asked).toEqual([{ target: 'GetSecretValue', body: { SecretId: 'arn' } }]);
  clock.advance(1);
  expect(await read(false)).toBe('two');
});

it('is read anew where its value was refused, and that one is kept', async () => {
  const { read } = await secretWith(text('one'), text('two'));
  expect(await read(false)).toBe('one');
  expect(await read(true)).toBe('two');
  expect(await read(false)).toBe('two');
});

it('throws where there is none to read', async () => {
  const { read } = await secretWith(refusal('AccessDeniedException'), { status: 200, body: {} });
  await expect(read(false)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(read(false)).rejects.toThrow('no text');
});
