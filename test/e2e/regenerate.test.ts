/** New values for keys on the deployed stack: in place, with and without a grace period. */
import { describe, expect, it } from 'vitest';
import { readableTime } from '../../lambdas/email-key-change/readable.ts';
import { rotatedKeyAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { expectAgreement, sha256 } from './agreement.ts';
import {
  info,
  isLetIn,
  issued,
  masterKey,
  type Received,
  regenerate,
  regenerateByPath,
  remove,
  update,
} from './api-client.ts';
import {
  describedSecret,
  eventually,
  fault,
  itemOf,
  itemsOf,
  keysWith,
  mailsTo,
  rowOf,
  secretOf,
  valueUnder,
} from './local-aws.ts';
import { actionsOf, trailOf } from './trail.ts';

const refused = async (key: string) => ((await isLetIn(key)) ? null : true);

describe('a key that gets a new value', async () => {
  const key = await issued({
    key_alias: 'regenerate/one',
    user_id: 'ada',
    team_id: 'engines',
    user_email: 'rotated@example.com',
    max_budget: 10,
  });
  const { status, body } = await regenerate({ key: key.key, max_budget: 20 });

  it('stays the same key, with what was changed on the way', () => {
    expect(status).toBe(200);
    expect(rotatedKeyAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      key_id: key.key_id,
      key_alias: 'regenerate/one',
      token: sha256(body.key),
      max_budget: 20,
      overlap_until: null,
      ended_overlap: false,
    });
    expect(body.key).not.toBe(key.key);
  });

  it('is let in by the new value alone', async () => {
    expect(await isLetIn(body.key)).toBe(true);
    expect(await isLetIn(key.key)).toBe(false);
  });

  it('has the new value in its secret, as the version that the row names', async () => {
    await expectAgreement(key.key_id);
    const secret = await secretOf('litellm/regenerate/one');
    expect(secret?.value).toBe(body.key);
    expect(secret?.tags).toMatchObject({ user_id: 'ada', team_id: 'engines' });
    expect(await valueUnder('litellm/regenerate/one', 'AWSPREVIOUS')).toBe(key.key);
  });

  it('has a record, about the former hash', async () => {
    const [, record, ...more] = await trailOf(key.key_id, key.key, body.key);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'rotated',
      object_id: key.token,
      who: { principal: 'master', settled_by: null },
      before: { token: key.token, max_budget: 10 },
      after: { token: body.token, max_budget: 20 },
    });
  });

  it('has a mail sent to its owner, once, without value or hash', async () => {
    const [mail, ...more] = await eventually(async () => {
      const found = await mailsTo('rotated@example.com');
      return found.length > 0 ? found : null;
    });
    expect(more).toEqual([]);
    expect(mail?.Subject).toMatch(/^Latchkey: API Key Rotated: /);
    for (const text of [mail?.BodyText ?? '', mail?.BodyHtml ?? '']) {
      expect(text).toContain('regenerate/one');
      expect(text).toContain('refused from now on');
      for (const part of [key.key, key.token, body.key, body.token]) {
        expect(text).not.toContain(part);
      }
    }
  });

  it('has its values in no table', async () => {
    for (const table of ['KeysTableName', 'AuditTableName', 'IdempotencyTableName'] as const) {
      const items = JSON.stringify(await itemsOf(table));
      for (const value of [key.key, body.key]) expect(items, table).not.toContain(value);
    }
  });

  it('is still found by the former hash, to look at, and changed by it no more', async () => {
    const found = await info(key.token);
    expect(found.body.info).toMatchObject({ key_id: key.key_id, superseded: true });
    expect((await regenerate({ key: key.token })).status).toBe(404);
    expect((await regenerate({ key: key.key })).status).toBe(404);
    const pointer = await itemOf('KeysTableName', { pk: `TOKEN#${key.token}` });
    expect(pointer).toMatchObject({ keyId: key.key_id, ttl: expect.any(Number) });
  });
});

describe('a regenerate names its key', () => {
  it('in the path, by hash, by key id and by value, with a body or without', async () => {
    const key = await issued();
    const first = await regenerateByPath(key.token);
    expect(first.status).toBe(200);
    const second = await regenerateByPath(key.key_id, {});
    expect(second.status).toBe(200);
    const third = await regenerateByPath(second.body.key, { tpm_limit: 3 });
    expect(third.status).toBe(200);
    expect(third.body).toMatchObject({ key_id: key.key_id, tpm_limit: 3 });
    expect(await isLetIn(third.body.key)).toBe(true);
    for (const { body } of [first, second]) expect(await isLetIn(body.key)).toBe(false);
    await expectAgreement(key.key_id);
  });

  it.each(['sk-chosen+with=plus&more', 'sk-chosen@with:marks,$;', 'sk-chosen%41with%percent'])(
    'in the path by a chosen value that has to be escaped: %s',
    async (chosen) => {
      const key = await issued({ key: chosen });
      const { status, body } = await regenerateByPath(chosen);
      expect(status).toBe(200);
      expect(body.key_id).toBe(key.key_id);
      expect(await isLetIn(body.key)).toBe(true);
      expect(await isLetIn(chosen)).toBe(false);
    },
  );

  it('in the body rather than in the path', async () => {
    const [one, other] = [await issued(), await issued()];
    const { body } = await regenerateByPath(one.token, { key: other.token });
    expect(body.key_id).toBe(other.key_id);
    expect(await isLetIn(one.key)).toBe(true);
  });
});

describe('a chosen value', () => {
  it('is what the key has from then on', async () => {
    const key = await issued();
    const chosen = `sk-chosen-${key.key_id}`;
    const { status, body } = await regenerate({ key: key.key_id, new_key: chosen });
    expect(status).toBe(200);
    expect(body.key).toBe(chosen);
    expect(await isLetIn(chosen)).toBe(true);
    await expectAgreement(key.key_id);
  });

  it('is refused where another key has it, and where it is weak', async () => {
    const [key, other] = [await issued(), await issued()];
    const taken = `sk-taken-${other.key_id}`;
    expect((await regenerate({ key: other.key_id, new_key: taken })).status).toBe(200);
    for (const new_key of [taken, 'sk-short']) {
      const { status, body } = await regenerate({ key: key.key_id, new_key });
      expect(status).toBe(400);
      expect(body.error.param).toBe('new_key');
    }
    expect(await rowOf(key.key_id)).toMatchObject({ seq: 1, intent: null });
    await expectAgreement(key.key_id);
  });
});

describe('a grace period', () => {
  it('lets both values in, tells so in its mail, and then the new one alone', async () => {
    const key = await issued({ user_id: 'grace@example.com' });
    const { body } = await regenerate({ key: key.key_id, grace_period: '3s' });
    expect(await isLetIn(key.key)).toBe(true);
    expect(await isLetIn(body.key)).toBe(true);
    expect(Date.parse(body.overlap_until)).toBeGreaterThan(Date.now());
    expect((await info(key.key_id)).body.info.overlap_until).toBe(body.overlap_until);
    const mail = await eventually(async () => (await mailsTo('grace@example.com'))[0]);
    expect(mail.BodyText).toContain(`let in until ${readableTime(body.overlap_until)}`);

    await eventually(() => refused(key.key));
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(body.overlap_until));
    expect(await isLetIn(body.key)).toBe(true);
    await expectAgreement(key.key_id);
  });

  it('ends early where the key gets another value in it, and the answer says so', async () => {
    const key = await issued();
    const first = await regenerate({ key: key.key_id, grace_period: '1h' });
    // In an overlap the former value still names the key.
    const second = await regenerate({ key: key.key, grace_period: '1h' });
    expect(second.status).toBe(200);
    expect(second.body.ended_overlap).toBe(true);
    expect(await isLetIn(key.key)).toBe(false);
    expect(await isLetIn(first.body.key)).toBe(true);
    expect(await isLetIn(second.body.key)).toBe(true);
    const third = await regenerate({ key: key.key_id });
    expect(third.body).toMatchObject({ ended_overlap: true, overlap_until: null });
    for (const { body } of [first, second]) expect(await isLetIn(body.key)).toBe(false);
    expect(await actionsOf(key.key_id)).toEqual(['created', 'rotated', 'rotated', 'rotated']);
    await expectAgreement(key.key_id);
  });

  it('is five minutes for a key that regenerates itself, with its current value alone', async () => {
    const key = await issued({ user_id: 'self' });
    const first = await regenerate({ key: key.key }, key.key);
    expect(first.status).toBe(200);
    const left = Date.parse(first.body.overlap_until) - Date.now();
    expect(left).toBeGreaterThan(280_000);
    expect(left).toBeLessThanOrEqual(300_000);
    const stale = await regenerate({ key: first.body.key }, key.key);
    expect(stale.status).toBe(409);
    const second = await regenerate({ key: key.key_id, grace_period: '0s' }, first.body.key);
    expect(second.status).toBe(200);
    expect(await isLetIn(first.body.key)).toBe(false);
    expect(await isLetIn(second.body.key)).toBe(true);
  });
});

describe('a regenerate that is refused', async () => {
  const key = await issued({ user_id: 'owner', key_alias: 'regenerate/refused' });
  await issued({ key_alias: 'regenerate/taken' });
  const gone = await issued();
  await remove({ keys: [gone.key_id] });
  const id = key.key_id;

  it.each<[string, unknown, number, string | null]>([
    ['names no key', {}, 400, 'key'],
    ['is no JSON', '{', 422, null],
    ['has a wrong type', { key: id, models: 'm' }, 422, 'models'],
    ['has a grace period that is none', { key: id, grace_period: 'soon' }, 400, 'grace_period'],
    ['has too long a grace period', { key: id, grace_period: '8d' }, 400, 'grace_period'],
    ['takes the alias of another', { key: id, key_alias: 'regenerate/taken' }, 400, 'key_alias'],
    ['asks for a mail to nobody', { key: id, send_invite_email: true }, 400, 'send_invite_email'],
    ['names an unknown key', { key: 'f'.repeat(64) }, 404, 'key'],
    ['names a deleted key', { key: gone.key_id }, 404, 'key'],
  ])('since it %s, changes nothing', async (_why, body, status, param) => {
    const before = [await keysWith(id), await describedSecret('litellm/regenerate/refused')];
    const answer = await regenerate(body);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: String(status), param });
    expect([await keysWith(id), await describedSecret('litellm/regenerate/refused')]).toEqual(
      before,
    );
  });

  it('tells foreign and unknown keys apart for admins alone', async () => {
    const user = await issued({ user_id: 'somebody' });
    const foreign = await regenerate({ key: id }, user.key);
    expect(foreign.status).toBe(403);
    expect((await regenerate({ key: 'f'.repeat(64) }, user.key)).body).toEqual(foreign.body);
    const readOnly = await issued({ user_id: 'owner', key_type: 'read_only' });
    expect((await regenerate({ key: id }, readOnly.key)).status).toBe(403);
    expect((await regenerate({}, readOnly.key)).status).toBe(403);
    expect(await isLetIn(key.key)).toBe(true);
  });

  it('is open to the owner', async () => {
    const other = await issued({ user_id: 'owner' });
    const { status, body } = await regenerate({ key: id }, other.key);
    expect(status).toBe(200);
    expect(await isLetIn(body.key)).toBe(true);
  });
});

describe('a repeat of a regenerate', () => {
  const again = (body: unknown, header: string, key = masterKey): Promise<Received> =>
    regenerate(body, key, { 'idempotency-key': header });

  it('tells the same value again, from its version', async () => {
    const { key_id } = await issued();
    const sent = { key: key_id, grace_period: '1h' };
    const first = await again(sent, 'regenerate-again');
    const second = await again(sent, 'regenerate-again');
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(await rowOf(key_id)).toMatchObject({ seq: 2 });
    expect((await again({ ...sent, tpm_limit: 1 }, 'regenerate-again')).status).toBe(422);
    expect(JSON.stringify(await itemsOf('IdempotencyTableName'))).not.toContain(first.body.key);
  });

  it('works with the former value of a key that has regenerated itself', async () => {
    const key = await issued({ user_id: 'self' });
    const first = await again({ key: key.key }, 'self-again', key.key);
    expect(first.status).toBe(200);
    const second = await again({ key: key.key }, 'self-again', key.key);
    expect(second.status).toBe(200);
    expect(second.body.key).toBe(first.body.key);
  });

  it('tells no value that is not the current one, and none of a deleted key', async () => {
    const { key_id } = await issued();
    await again({ key: key_id }, 'regenerate-superseded');
    await regenerate({ key: key_id });
    const late = await again({ key: key_id }, 'regenerate-superseded');
    expect(late.status).toBe(409);
    expect(late.body.error.type).toBe('idempotency_superseded');
    expect(late.body.error.message).toContain(key_id);
    await remove({ keys: [key_id] });
    const gone = await again({ key: key_id }, 'regenerate-superseded');
    expect(gone.status).toBe(410);
    expect(gone.body.error.type).toBe('key_deleted');
  });
});

describe('at once', () => {
  it('of two regenerates one wins, and the other leaves nothing', async () => {
    const keys = await Promise.all(Array.from({ length: 4 }, () => issued()));
    await Promise.all(
      keys.map(async ({ key_id }) => {
        const answers = await Promise.all([
          regenerate({ key: key_id }),
          regenerate({ key: key_id }),
        ]);
        const [won, lost] = answers.sort((left, right) => left.status - right.status);
        expect(won?.status).toBe(200);
        // Where the first was done before the second began, it is simply another one.
        expect([200, 409]).toContain(lost?.status);
        if (lost?.status === 409) {
          expect(Number(lost.headers.get('retry-after'))).toBeGreaterThan(0);
          expect(await isLetIn(won?.body.key)).toBe(true);
          expect(await actionsOf(key_id)).toEqual(['created', 'rotated']);
        }
        await expectAgreement(key_id);
      }),
    );
  });

  it('one that is under way keeps another out, and takes along what is changed meanwhile', async () => {
    const { key_id } = await issued({ key_alias: 'regenerate/slow' });
    await fault('PutSecretValue', 'lose-answer', 'regenerate/slow');
    const slow = regenerate({ key: key_id });
    await eventually(async () => ((await rowOf(key_id))['intent'] === null ? null : true));
    const other = await regenerate({ key: key_id });
    expect(other.status).toBe(409);
    expect(Number(other.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await update({ key: key_id, tpm_limit: 77 })).status).toBe(200);
    const { status, body } = await slow;
    expect(status).toBe(200);
    expect(body.tpm_limit).toBe(77);
    expect(await isLetIn(body.key)).toBe(true);
    expect(await actionsOf(key_id)).toEqual(['created', 'updated', 'rotated']);
    await expectAgreement(key_id);
  });

  it('a regenerate never revives a key that is being deleted', async () => {
    const keys = await Promise.all(Array.from({ length: 4 }, () => issued()));
    await Promise.all(
      keys.map(async ({ key, key_id }) => {
        const [rotated, removed] = await Promise.all([
          regenerate({ key: key_id }),
          remove({ keys: [key_id] }),
        ]);
        expect(removed.status).toBe(200);
        expect([200, 404, 409]).toContain(rotated.status);
        expect(await rowOf(key_id)).toMatchObject({ status: 'deleted' });
        expect(await isLetIn(key)).toBe(false);
        if (rotated.status === 200) expect(await isLetIn(rotated.body.key)).toBe(false);
      }),
    );
  });
});
