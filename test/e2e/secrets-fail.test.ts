/**
 * Secrets Manager refuses, throttles, hangs or loses its answer while a key is changed: the answer says
 * so, the key goes on as before or as asked for, and in the end row, alias and secrets agree. Side by
 * side, for most of it is waiting for a fence to pass.
 */
import { describe, expect, it } from 'vitest';
import { expectAgreement, expectLeft, expectNowhere } from './agreement.ts';
import {
  generate,
  isLetIn,
  issued,
  masterKey,
  type Received,
  regenerate,
  remove,
  update,
} from './api-client.ts';
import {
  closed,
  describedSecret,
  eventually,
  fault,
  leaseOf,
  mailsTo,
  rowOf,
  secretOf,
} from './local-aws.ts';
import { actionsOf, trailOf } from './trail.ts';

function expectUnavailable({ status, headers, body }: Received): void {
  expect(status).toBe(503);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(body.error).toMatchObject({ type: 'service_unavailable', code: '503' });
}

const definite = ['refuse', 'throttle'] as const;

describe.concurrent('a regenerate', () => {
  it.each(definite)('is taken back where PutSecretValue answers with %s', async (mode) => {
    const alias = `fail/put-${mode}`;
    const { key, key_id } = await issued({ key_alias: alias });
    await fault('PutSecretValue', mode, alias);
    const sent = { key: key_id };
    const header = { 'idempotency-key': alias };
    expectUnavailable(await regenerate(sent, masterKey, header));
    expect(await isLetIn(key)).toBe(true);
    expect(await rowOf(key_id)).toMatchObject({ seq: 1 });
    await expectAgreement(key_id);
    const again = await regenerate(sent, masterKey, header);
    expect(again.status).toBe(200);
    expect(await isLetIn(again.body.key)).toBe(true);
    await expectAgreement(key_id);
    expect(await actionsOf(key_id)).toEqual(['created', 'rotated']);
  });

  it('succeeds where only the first answer got lost', async () => {
    const alias = 'fail/put-once-lost';
    const { key_id } = await issued({ key_alias: alias });
    await fault('PutSecretValue', 'lose-answer', alias);
    const { status, body } = await regenerate({ key: key_id });
    expect(status).toBe(200);
    expect((await secretOf(`litellm/${alias}`))?.value).toBe(body.key);
    await expectAgreement(key_id);
  });

  it('leaves the old value in force where PutSecretValue hangs, and is undone', async () => {
    const alias = 'fail/put-hang';
    const to = 'fail-put-hang@example.com';
    const { key, key_id } = await issued({ key_alias: alias, user_email: to });
    await fault('PutSecretValue', 'hang', alias, 2);
    const sent = { key: key_id };
    const header = { 'idempotency-key': alias };
    expectUnavailable(await regenerate(sent, masterKey, header));
    expect(await isLetIn(key)).toBe(true);
    expect((await regenerate(sent, masterKey, header)).status).toBe(409);
    expect((await regenerate(sent)).status).toBe(409);
    expect((await update({ ...sent, key_alias: 'fail/put-hang-b' })).status).toBe(409);
    // What the table alone holds does not wait.
    expect((await update({ ...sent, tpm_limit: 7 })).status).toBe(200);
    await closed(key_id);
    expect(await isLetIn(key)).toBe(true);
    await expectAgreement(key_id);
    expect(await actionsOf(key_id)).toEqual(['created', 'updated']);
    expect(await mailsTo(to)).toEqual([]);
    const again = await regenerate(sent, masterKey, header);
    expect(again.status).toBe(200);
    expect(again.body.tpm_limit).toBe(7);
    await expectAgreement(key_id);
  });

  it('takes effect where the value has arrived though no answer came', async () => {
    const alias = 'fail/put-lost';
    const to = 'fail-put-lost@example.com';
    const { key, key_id } = await issued({ key_alias: alias, user_email: to });
    await fault('PutSecretValue', 'lose-answer', alias, 2);
    const sent = { key: key_id };
    const header = { 'idempotency-key': alias };
    expectUnavailable(await regenerate(sent, masterKey, header));
    const value = (await secretOf(`litellm/${alias}`))?.value ?? '';
    expect(value).not.toBe(key);
    // Whoever reads the secret meanwhile is let in, and so is whoever has the old value.
    expect(await isLetIn(value)).toBe(true);
    expect(await isLetIn(key)).toBe(true);
    await closed(key_id);
    await expectAgreement(key_id);
    expect(await isLetIn(value)).toBe(true);
    expect(await isLetIn(key)).toBe(false);
    const [, record] = await trailOf(key_id, key, value);
    expect(record).toMatchObject({
      action: 'rotated',
      changed_by: 'default_user_id',
      who: { principal: 'master', settled_by: 'system' },
    });
    await eventually(async () => (await mailsTo(to))[0]);
    const again = await regenerate(sent, masterKey, header);
    expect(again.status).toBe(200);
    expect(again.body.key).toBe(value);
  });

  it('is told again only where its secret can be read', async () => {
    const alias = 'fail/replay';
    const { key_id } = await issued({ key_alias: alias });
    const header = { 'idempotency-key': alias };
    const first = await regenerate({ key: key_id }, masterKey, header);
    await fault('GetSecretValue', 'throttle', alias);
    expectUnavailable(await regenerate({ key: key_id }, masterKey, header));
    const second = await regenerate({ key: key_id }, masterKey, header);
    expect(second.body.key).toBe(first.body.key);
    expect(await actionsOf(key_id)).toEqual(['created', 'rotated']);
  });
});

describe.concurrent('a rename', () => {
  it.each([
    ['GetSecretValue', 'refuse'],
    ['GetSecretValue', 'throttle'],
    ['GetSecretValue', 'hang'],
    ['CreateSecret', 'refuse'],
    ['CreateSecret', 'throttle'],
  ] as const)('is taken back where %s answers with %s', async (operation, mode) => {
    const alias = `fail/${operation}-${mode}`;
    const [from, to] = [`${alias}-from`, `${alias}-to`];
    const { key, key_id } = await issued({ key_alias: from });
    await fault(operation, mode, alias);
    expectUnavailable(await update({ key: key_id, key_alias: to }));
    await expectAgreement(key_id);
    expect(await rowOf(key_id)).toMatchObject({ alias: from, seq: 1 });
    expect(await leaseOf(to)).toMatchObject({ state: 'free' });
    expect(await describedSecret(`litellm/${to}`)).toBeNull();
    expect(await isLetIn(key)).toBe(true);
    expect((await update({ key: key_id, key_alias: to })).status).toBe(200);
    await expectAgreement(key_id);
    await expectLeft(from, key_id);
  });

  it('is undone where CreateSecret hangs, and the new alias is free again', async () => {
    const [from, to] = ['fail/create-hang-from', 'fail/create-hang-to'];
    const { key, key_id } = await issued({ key_alias: from });
    await fault('CreateSecret', 'hang', to, 2);
    expectUnavailable(await update({ key: key_id, key_alias: to }));
    expect((await generate({ key_alias: to })).status).toBe(409);
    expect(await isLetIn(key)).toBe(true);
    await closed(key_id);
    expect(await rowOf(key_id)).toMatchObject({ alias: from, seq: 1 });
    await expectAgreement(key_id);
    expect(await isLetIn(key)).toBe(true);
    const other = await issued({ key_alias: to });
    await expectAgreement(other.key_id);
  });

  it('takes effect where the secret was made though no answer came', async () => {
    const [from, to] = ['fail/create-lost-from', 'fail/create-lost-to'];
    const { key, key_id } = await issued({ key_alias: from });
    await fault('CreateSecret', 'lose-answer', to, 2);
    expectUnavailable(await update({ key: key_id, key_alias: to }));
    await closed(key_id);
    expect(await rowOf(key_id)).toMatchObject({ alias: to, seq: 2 });
    await expectAgreement(key_id);
    await expectLeft(from, key_id);
    expect(await isLetIn(key)).toBe(true);
    const [, record] = await trailOf(key_id, key);
    expect(record).toMatchObject({ action: 'updated', who: { settled_by: 'system' } });
  });

  it.each(['refuse', 'throttle', 'hang'] as const)(
    'takes effect later where the old secret cannot be removed now: %s',
    async (mode) => {
      const alias = `fail/remove-${mode}`;
      const [from, to] = [`${alias}-from`, `${alias}-to`];
      const { key, key_id } = await issued({ key_alias: from });
      await fault('DeleteSecret', mode, from);
      expectUnavailable(await update({ key: key_id, key_alias: to }));
      expect(await isLetIn(key)).toBe(true);
      await closed(key_id);
      expect(await rowOf(key_id)).toMatchObject({ alias: to, seq: 2 });
      await expectAgreement(key_id);
      await expectLeft(from, key_id);
    },
  );
});

describe.concurrent('a delete', () => {
  it.each([...definite, 'hang', 'lose-answer'] as const)(
    'counts at once, and its secret goes later, where DeleteSecret answers with %s',
    async (mode) => {
      const alias = `fail/delete-${mode}`;
      const { key, key_id } = await issued({ key_alias: alias });
      await fault('DeleteSecret', mode, alias);
      const sent = { keys: [key_id] };
      const header = { 'idempotency-key': alias };
      const first = await remove(sent, masterKey, header);
      expect(first.status).toBe(200);
      expect(first.body).toEqual({ deleted_keys: [key_id], failed_tokens: [] });
      expect(await isLetIn(key)).toBe(false);
      // The name is not given away while its secret may still be there.
      const early = await generate({ key_alias: alias });
      expect(early.status).toBe(409);
      expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await remove(sent, masterKey, header)).body).toEqual(first.body);
      await closed(key_id);
      await expectLeft(alias, key_id);
      expect(await actionsOf(key_id)).toEqual(['created', 'deleted', 'secret_removed']);
      const next = await issued({ key_alias: alias });
      await expectAgreement(next.key_id);
      await expectNowhere(`litellm/${alias}`, [key]);
    },
  );

  it('in the middle of a rename takes both names with it', async () => {
    const [from, to] = ['fail/doomed-from', 'fail/doomed-to'];
    const { key, key_id } = await issued({ key_alias: from });
    await fault('CreateSecret', 'lose-answer', to, 2);
    expectUnavailable(await update({ key: key_id, key_alias: to }));
    expect((await remove({ keys: [key_id] })).status).toBe(200);
    expect(await isLetIn(key)).toBe(false);
    await closed(key_id);
    await expectLeft(from, key_id);
    await expectLeft(to, key_id);
    for (const alias of [from, to]) {
      const next = await issued({ key_alias: alias });
      await expectAgreement(next.key_id);
      await expectNowhere(`litellm/${alias}`, [key]);
    }
  });

  it('in the middle of a regenerate leaves neither value', async () => {
    const alias = 'fail/ended';
    const { key, key_id } = await issued({ key_alias: alias });
    await fault('PutSecretValue', 'lose-answer', alias, 2);
    expectUnavailable(await regenerate({ key: key_id }));
    const value = (await secretOf(`litellm/${alias}`))?.value ?? '';
    expect((await remove({ keys: [key_id] })).status).toBe(200);
    for (const each of [key, value]) expect(await isLetIn(each)).toBe(false);
    await closed(key_id);
    await expectLeft(alias, key_id);
    const next = await issued({ key_alias: alias });
    await expectAgreement(next.key_id);
    await expectNowhere(`litellm/${alias}`, [key, value]);
  });
});

describe.concurrent('a name that is used again', () => {
  it.each([
    ['RestoreSecret', 'throttle'],
    ['RestoreSecret', 'hang'],
    ['TagResource', 'refuse'],
    ['PutSecretValue', 'throttle'],
    ['PutSecretValue', 'lose-answer'],
  ] as const)("shows no last holder's value where %s answers with %s", async (operation, mode) => {
    const alias = `fail/reuse-${operation}-${mode}`;
    const last = await issued({ key_alias: alias });
    await remove({ keys: [last.key_id] });
    await fault(operation, mode, alias);
    const answer = await generate({ key_alias: alias });
    // One lost answer is made up for; anything else is told.
    const isDone = mode === 'lose-answer';
    if (isDone) expect(answer.status).toBe(200);
    else expectUnavailable(answer);
    const next = await eventually(async () => {
      if (isDone) return answer;
      const again = await generate({ key_alias: alias });
      if (again.status === 200) return again;
      // Until it is taken back, the first attempt holds the alias.
      expect(again.status).toBe(400);
      const holder = String((await leaseOf(alias))?.['keyId']);
      await closed(holder);
      return null;
    }, 28_000);
    await expectAgreement(next.body.key_id);
    await expectNowhere(`litellm/${alias}`, [last.key]);
    expect(await isLetIn(last.key)).toBe(false);
    expect(await isLetIn(next.body.key)).toBe(true);
  });
});
