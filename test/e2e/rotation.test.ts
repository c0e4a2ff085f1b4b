/** The deployed schedule: a key whose time has come gets a new value by itself. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { expectAgreement } from './agreement.ts';
import { generate, info, isLetIn, issued, update } from './api-client.ts';
import { eventually, invoke, mailsTo, outputOf, rowOf, secretOf } from './local-aws.ts';
import { trailOf } from './trail.ts';

const run = () => invoke(outputOf('RotationFunctionName'), {});
const counts = z.object({
  KeysRotated: z.number(),
  RotationsFailed: z.number(),
  RotationsLeft: z.number(),
  OldestRotationSeconds: z.number(),
});
const countOf = async (keyId: string) =>
  z.object({ key: z.object({ rotation_count: z.number() }) }).parse(await rowOf(keyId)).key
    .rotation_count;

describe('a key with a schedule', async () => {
  const key = await issued({
    key_alias: 'rotation/one',
    user_email: 'scheduled@example.com',
    auto_rotate: true,
    rotation_interval: '1s',
  });
  const other = await issued({ auto_rotate: true, rotation_interval: '30d' });
  const first = await eventually(async () => {
    const ran = counts.parse(await run());
    return (await countOf(key.key_id)) > 0 ? ran : null;
  });
  // Else the next run would rotate it again.
  await update({ key: key.key_id, auto_rotate: false });
  const secret = await secretOf('litellm/rotation/one');

  it('has a new value in its secret, and the old one is refused', async () => {
    expect(first).toMatchObject({ RotationsFailed: 0, RotationsLeft: 0 });
    expect(secret?.value).not.toBe(key.key);
    expect(await isLetIn(secret?.value ?? '')).toBe(true);
    expect(await isLetIn(key.key)).toBe(false);
    await expectAgreement(key.key_id);
  });

  it('tells how often and when', async () => {
    const { last_rotation_at, rotation_count } = (await info(key.key_id)).body.info;
    expect(rotation_count).toBeGreaterThanOrEqual(1);
    expect(Date.parse(last_rotation_at)).toBeLessThanOrEqual(Date.now());
  });

  it('has a record by the system, and its owner has a mail', async () => {
    const [, record] = await trailOf(key.key_id, key.key, secret?.value ?? '');
    expect(record).toMatchObject({
      action: 'rotated',
      changed_by: 'system',
      object_id: key.token,
      who: { principal: 'system', settled_by: null, changed_by_api_key: null },
      before: { token: key.token, rotation_count: 0 },
      after: { rotation_count: 1, last_rotation_at: expect.any(String), updated_by: 'system' },
    });
    const mail = await eventually(async () => (await mailsTo('scheduled@example.com'))[0]);
    expect(mail.Subject).toMatch(/^Latchkey: API Key Rotated: /);
  });

  it('is left alone before its time', async () => {
    await run();
    expect(await rowOf(other.key_id)).toMatchObject({ rev: 2, seq: 1 });
    expect(await isLetIn(other.key)).toBe(true);
  });
});

describe('a schedule', () => {
  it('is refused where nobody would learn the value', async () => {
    const body = { auto_rotate: true, rotation_interval: '1d', store_secret: false };
    const answer = await generate(body);
    expect([answer.status, answer.body.error.param]).toEqual([400, 'auto_rotate']);
  });
});
