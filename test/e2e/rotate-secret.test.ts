/**
 * Secrets Manager rotates a key's secret, by the deployed function and with its permissions. The local AWS
 * invokes no rotation function: the guard in front of it does as AWS does, step by step.
 */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './agreement.ts';
import { block, isLetIn, issued, remove } from './api-client.ts';
import {
  closed,
  describedSecret,
  eventually,
  fault,
  invoke,
  mailsTo,
  outputOf,
  rotateSecret,
  rowOf,
  secretOf,
  valueUnder,
} from './local-aws.ts';
import { trailOf } from './trail.ts';

/** The row once the version is the key's current one. */
const rotatedTo = (keyId: string, version: string) =>
  eventually(async () => {
    const row = await rowOf(keyId);
    return JSON.stringify(row['cur']).includes(version) ? row : null;
  }, 20_000);

describe.concurrent('aws secretsmanager rotate-secret', () => {
  it('gives a key its next value, ends the old one, and tells its owner', async () => {
    const key = await issued({ key_alias: 'sm/one', user_email: 'sm-one@example.com' });
    const version = await rotateSecret('litellm/sm/one');
    await rotatedTo(key.key_id, version);
    const value = await valueUnder('litellm/sm/one', 'AWSCURRENT');
    expect(value).not.toBe(key.key);
    expect(await isLetIn(value ?? '')).toBe(true);
    expect(await isLetIn(key.key)).toBe(false);
    expect((await describedSecret('litellm/sm/one'))?.stages[version]).toEqual(['AWSCURRENT']);
    await expectAgreement(key.key_id);
    const [, record] = await trailOf(key.key_id, key.key, value ?? '');
    expect(record).toMatchObject({
      action: 'rotated',
      changed_by: 'secrets_manager',
      who: { principal: 'secrets_manager', settled_by: null },
    });
    const mail = await eventually(async () => (await mailsTo('sm-one@example.com'))[0]);
    expect(mail.Subject).toMatch(/^Latchkey: API Key Rotated: /);
  });

  it('can be asked for again', async () => {
    const key = await issued({ key_alias: 'sm/again' });
    await rotatedTo(key.key_id, await rotateSecret('litellm/sm/again'));
    const version = await rotateSecret('litellm/sm/again');
    await rotatedTo(key.key_id, version);
    await expectAgreement(key.key_id);
  });

  it('is refused for a key that is blocked, whose value stays', async () => {
    const key = await issued({ key_alias: 'sm/blocked' });
    await block({ key: key.key_id });
    const version = await rotateSecret('litellm/sm/blocked');
    const SecretId = String((await rowOf(key.key_id))['secretArn']);
    const event = { Step: 'createSecret', SecretId, ClientRequestToken: version };
    expect(await invoke(outputOf('RotateSecretFunctionArn'), event)).toMatchObject({
      errorMessage: 'The key is blocked.',
    });
    expect((await secretOf('litellm/sm/blocked'))?.value).toBe(key.key);
    await remove({ keys: [key.key_id] });
  });

  it('is ended by the reconciler where its last step fails', async () => {
    const key = await issued({ key_alias: 'sm/hangs' });
    await fault('UpdateSecretVersionStage', 'fail', 'sm/hangs');
    const version = await rotateSecret('litellm/sm/hangs');
    await eventually(async () => {
      const { intent } = await rowOf(key.key_id);
      return intent === null ? null : intent;
    });
    const staged = await valueUnder('litellm/sm/hangs', 'AWSPENDING');
    expect(await isLetIn(staged ?? '')).toBe(true);
    expect(await isLetIn(key.key)).toBe(true);
    await closed(key.key_id);
    expect(await valueUnder('litellm/sm/hangs', 'AWSCURRENT')).toBe(staged);
    expect((await describedSecret('litellm/sm/hangs'))?.stages[version]).toEqual(['AWSCURRENT']);
    expect(await isLetIn(key.key)).toBe(false);
    await expectAgreement(key.key_id);
  });
});
