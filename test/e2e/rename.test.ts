/** A change of the alias on the deployed stack: the secret follows its name. */
import { describe, expect, it } from 'vitest';
import { expectAgreement, expectLeft, expectNowhere } from './agreement.ts';
import { generate, isLetIn, issued, masterKey, regenerate, remove, update } from './api-client.ts';
import {
  describedSecret,
  eventually,
  fault,
  leaseOf,
  mailsTo,
  rowOf,
  secretOf,
} from './local-aws.ts';
import { actionsOf, trailOf } from './trail.ts';

describe('a key that gets another alias', async () => {
  const key = await issued({ key_alias: 'rename/a', user_id: 'ada', team_id: 'engines' });
  const answer = await update({ key: key.key_id, key_alias: 'rename/b', team_id: 'looms' });

  it('answers with it', () => {
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      key_alias: 'rename/b',
      team_id: 'looms',
      token: key.token,
      secret_name: 'litellm/rename/b',
    });
  });

  it('has its value, unchanged, under the new name, with its tags', async () => {
    await expectAgreement(key.key_id);
    expect(await secretOf('litellm/rename/b')).toMatchObject({
      value: key.key,
      tags: { user_id: 'ada', team_id: 'looms' },
    });
    expect(await isLetIn(key.key)).toBe(true);
  });

  it('has left the old name, whose secret is in its deletion window', async () => {
    await expectLeft('rename/a', key.key_id);
  });

  it('has one record', async () => {
    const [, record, ...more] = await trailOf(key.key_id, key.key);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'updated',
      before: { key_alias: 'rename/a', team_id: 'engines' },
      after: { key_alias: 'rename/b', team_id: 'looms', token: key.token },
    });
  });

  it('leaves the old alias to another, whose secret shows its own value alone', async () => {
    const next = await issued({ key_alias: 'rename/a' });
    await expectAgreement(next.key_id);
    await expectNowhere('litellm/rename/a', [key.key]);
    expect((await generate({ key_alias: 'rename/b' })).status).toBe(400);
  });
});

it('goes there and back again, with a version of its own each time', async () => {
  const key = await issued({ key_alias: 'rename/there' });
  const versions = new Set([JSON.stringify((await rowOf(key.key_id))['cur'])]);
  for (const key_alias of ['rename/back', 'rename/there', 'rename/back']) {
    expect((await update({ key: key.key_id, key_alias })).status).toBe(200);
    await expectAgreement(key.key_id);
    versions.add(JSON.stringify((await rowOf(key.key_id))['cur']));
  }
  expect(versions.size).toBe(4);
  await expectLeft('rename/there', key.key_id);
  expect(await isLetIn(key.key)).toBe(true);
});

it('takes an alias where there was none, and gives it up', async () => {
  const key = await issued();
  const own = `litellm/virtual-key-${key.token}`;
  expect((await update({ key: key.key_id, key_alias: 'rename/named' })).status).toBe(200);
  await expectAgreement(key.key_id);
  expect(await describedSecret(own)).toMatchObject({ isScheduled: true });
  const { status, body } = await update({ key: key.key_id, key_alias: null });
  expect(status).toBe(200);
  expect(body).toMatchObject({ key_alias: null, secret_name: own });
  await expectAgreement(key.key_id);
  await expectLeft('rename/named', key.key_id);
});

it('goes with a new value in one step', async () => {
  const key = await issued({ key_alias: 'rename/old', user_id: 'moved@example.com' });
  const { status, body } = await regenerate({ key: key.key, key_alias: 'rename/new' });
  expect(status).toBe(200);
  expect(body).toMatchObject({ key_alias: 'rename/new' });
  await expectAgreement(key.key_id);
  expect((await secretOf('litellm/rename/new'))?.value).toBe(body.key);
  await expectNowhere('litellm/rename/new', [key.key]);
  await expectLeft('rename/old', key.key_id);
  expect(await isLetIn(key.key)).toBe(false);
  expect(await isLetIn(body.key)).toBe(true);
  expect(await actionsOf(key.key_id)).toEqual(['created', 'rotated']);
  const mail = await eventually(async () => (await mailsTo('moved@example.com'))[0]);
  expect(mail.BodyText).toContain('litellm/rename/new');
});

it('needs no secret where the key names none', async () => {
  const key = await issued({ key_alias: 'rename/bare', store_secret: false });
  expect((await update({ key: key.key_id, key_alias: 'rename/barer' })).status).toBe(200);
  expect(await leaseOf('rename/bare')).toMatchObject({ state: 'free' });
  expect(await leaseOf('rename/barer')).toMatchObject({ state: 'held', keyId: key.key_id });
  const { body } = await regenerate({ key: key.key_id, key_alias: 'rename/barest' });
  expect(await isLetIn(body.key)).toBe(true);
  expect(await isLetIn(key.key)).toBe(false);
  for (const alias of ['bare', 'barer', 'barest']) {
    expect(await describedSecret(`litellm/rename/${alias}`)).toBeNull();
  }
  expect(await actionsOf(key.key_id)).toEqual(['created', 'updated', 'rotated']);
});

it('is told again to a repeat, and done once', async () => {
  const key = await issued({ key_alias: 'rename/repeat' });
  const sent = { key: key.key_id, key_alias: 'rename/repeated' };
  const header = { 'idempotency-key': 'rename-again' };
  const first = await update(sent, masterKey, header);
  const second = await update(sent, masterKey, header);
  expect(second.status).toBe(200);
  expect(second.body).toEqual(first.body);
  expect(await actionsOf(key.key_id)).toEqual(['created', 'updated']);
});

describe('at once', () => {
  it('one alias goes to one of several keys that want it', async () => {
    const keys = await Promise.all(
      Array.from({ length: 4 }, (_, index) => issued({ key_alias: `rename/race-${index}` })),
    );
    const answers = await Promise.all(
      keys.map(({ key_id }) => update({ key: key_id, key_alias: 'rename/prize' })),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBe(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect([400, 409]).toContain(status);
      if (status === 400) expect(body.error.param).toBe('key_alias');
    }
    for (const [index, { key_id }] of keys.entries()) {
      await expectAgreement(key_id);
      const isWinner = answers[index]?.status === 200;
      expect((await rowOf(key_id))['alias']).toBe(
        isWinner ? 'rename/prize' : `rename/race-${index}`,
      );
    }
  });

  it('two keys cannot swap their aliases', async () => {
    const [one, two] = [
      await issued({ key_alias: 'rename/left' }),
      await issued({ key_alias: 'rename/right' }),
    ];
    const answers = await Promise.all([
      update({ key: one.key_id, key_alias: 'rename/right' }),
      update({ key: two.key_id, key_alias: 'rename/left' }),
    ]);
    for (const { status } of answers) expect([400, 409]).toContain(status);
    for (const { key_id } of [one, two]) await expectAgreement(key_id);
  });

  it('a delete in the middle of a rename wins, and both secrets go', async () => {
    const key = await issued({ key_alias: 'rename/doomed' });
    await fault('CreateSecret', 'lose-answer', 'rename/dooming');
    const rename = update({ key: key.key_id, key_alias: 'rename/dooming' });
    await eventually(async () => ((await rowOf(key.key_id))['intent'] === null ? null : true));
    const removed = await remove({ keys: [key.key_id] });
    expect(removed.status).toBe(200);
    expect(await isLetIn(key.key)).toBe(false);
    const { status } = await rename;
    expect(status).toBe(409);
    // The names stay taken until the reconciler has removed both secrets: secrets-fail.test.ts.
    expect((await generate({ key_alias: 'rename/doomed' })).status).toBe(409);
    expect(await rowOf(key.key_id)).toMatchObject({ status: 'deleted' });
  });
});
