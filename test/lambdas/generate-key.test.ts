import { describe, expect, it } from 'vitest';
import { newKey, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { startedService } from '../fakes/service.ts';
import { newestRow, stored, storedText } from './fixtures/stored.ts';

describe('generate-key', () => {
  it('stores the key in both stores and tells it once', async () => {
    const service = await startedService();
    const { status, body } = await service.generate({ key_alias: 'alpha', max_budget: 5 });
    expect(status).toBe(200);
    expect(body.key).toMatch(/^sk-lk_/);
    expect(body).toMatchObject({
      token: tokenHash(body.key),
      token_id: tokenHash(body.key),
      key_name: `sk-...${body.key.slice(-4)}`,
      key_alias: 'alpha',
      max_budget: 5,
      created_by: 'default_user_id',
    });
    expect(service.secrets.current('litellm/alpha')).toBe(body.key);
    const row = service.table.row(body.key_id);
    expect(row).toMatchObject({ status: 'active', intent: null, seq: 1, alias: 'alpha' });
    expect(row?.secretArn).toContain('litellm/alpha');
    expect(await storedText(service)).not.toContain(body.key);
  });

  it('names the secret version on the row, so that the value can be read back from it', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key_alias: 'alpha' });
    const { versions } = service.secrets.secrets.get('litellm/alpha') ?? {};
    const version = service.table.row(body.key_id)?.cur.ver ?? '';
    expect(versions?.get(version)?.value).toBe(body.key);
    expect(versions?.size).toBe(1);
  });

  it('makes a key that is let in at once, found by value, hash and id alike', async () => {
    const service = await startedService();
    const { body } = await service.generate({ user_id: 'ada' });
    for (const name of [body.key, body.token, body.key_id]) {
      const shown = await service.asAdmin({ method: 'GET', path: `/key/info?key=${name}` });
      expect(shown.body.info.key_id).toBe(body.key_id);
    }
    expect((await service.generate({}, body.key)).status).toBe(200);
  });

  it('names the secret of a key without alias after its first token hash', async () => {
    const service = await startedService();
    const { body } = await service.generate({});
    expect(service.secrets.current(`litellm/virtual-key-${body.token}`)).toBe(body.key);
  });

  it('tags the secret with whose it is, and nothing of the key', async () => {
    const service = await startedService({ secretTags: { cost: 'llm' } });
    const { body } = await service.generate({ key_alias: 'a', user_id: 'ada#1', team_id: 't' });
    expect(service.secrets.secrets.get('litellm/a')?.tags).toEqual({
      cost: 'llm',
      'latchkey:env': 'test',
      key_id: body.key_id,
      user_id: 'ada=231',
      team_id: 't',
    });
  });

  it('keeps every field it was given', async () => {
    const service = await startedService();
    const fields = {
      models: ['gpt-4o'],
      aliases: { fast: 'gpt-4o-mini' },
      config: { a: { b: [1, 2.5, null, true, 'x'] } },
      permissions: { allow_pii: false },
      spend: 0.1,
      max_budget: 0.30000000000000004,
      budget_duration: '30d',
      user_id: 'ada',
      team_id: 'team',
      organization_id: 'org',
      tpm_limit: 10,
      rpm_limit: 0,
      max_parallel_requests: 1,
      blocked: true,
    };
    const metadata = { owner: 'Zoë', toString: 'x' };
    const { body } = await service.generate({ ...fields, metadata, tags: ['a'], duration: '1h' });
    const kept = { ...fields, metadata: { ...metadata, tags: ['a'] } };
    expect(body).toMatchObject({ ...kept, expires: '2026-11-25T14:50:00.000Z' });
    const { body: shown } = await service.asAdmin({
      method: 'GET',
      path: `/key/info?key=${body.key_id}`,
    });
    expect(shown.info).toMatchObject({
      ...kept,
      status: 'revoked',
      budget_reset_at: '2026-12-01T00:00:00.000Z',
    });
  });

  it.each([
    ['numbers as text', { max_budget: '5', tpm_limit: '10' }, { max_budget: 5, tpm_limit: 10 }],
    ['truth values as numbers', { max_budget: true }, { max_budget: 1 }],
    ['truth values as text', { blocked: 'yes' }, { blocked: true }],
    ['an empty budget as none', { max_budget: '' }, { max_budget: null }],
    ['an empty team as none', { team_id: '' }, { team_id: null }],
    ['nulls as left out', { key_alias: null, duration: null, metadata: null }, { expires: null }],
    ['unknown fields, ignored', { no_such_field: { a: 1 } }, { key_alias: null }],
  ])('reads %s, as LiteLLM does', async (_, sent, answered) => {
    const service = await startedService();
    const { status, body } = await service.generate(sent);
    expect(status).toBe(200);
    expect(body).toMatchObject(answered);
  });

  it('turns rotation on only where both of its fields are sent', async () => {
    const service = await startedService();
    await service.generate({ auto_rotate: true });
    expect(newestRow(service).key.auto_rotate).toBe(false);
    await service.generate({ auto_rotate: true, rotation_interval: '1d' });
    expect(newestRow(service).key).toMatchObject({
      auto_rotate: true,
      key_rotation_at: '2026-11-26T13:50:00.000Z',
    });
  });

  it.each([
    ['llm_api', ['llm_api_routes']],
    ['management', ['management_routes']],
    ['read_only', ['info_routes']],
    ['default', []],
  ])('gives a key of type %s its routes', async (key_type, allowed_routes) => {
    const service = await startedService();
    const { body } = await service.generate({ key_type });
    expect(body).toMatchObject({ key_type, allowed_routes });
  });

  it('masks the credentials that logging callbacks carry, in the answer but not in the row', async () => {
    const service = await startedService();
    const callback = { callback_name: 'langfuse', callback_vars: { secret: 'hush' } };
    for (const logging of [[callback], callback]) {
      const { body } = await service.generate({ metadata: { logging } });
      expect(JSON.stringify(body)).not.toContain('hush');
      expect(newestRow(service).key.metadata['logging']).toEqual(logging);
    }
  });
});

describe('a key with a chosen value', () => {
  const chosen = 'sk-chosen-by-somebody';

  it('is found by its hash', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key: chosen, user_id: 'ada' });
    expect(body).toMatchObject({ key: chosen, token: tokenHash(chosen) });
    expect(service.table.pointer(body.token)).toBe(body.key_id);
    expect((await service.generate({}, chosen)).status).toBe(200);
    expect(await storedText(service)).not.toContain(chosen);
  });

  it('is refused where it starts like an issued key, which is found by the id inside it', async () => {
    const service = await startedService();
    const key = newKey('0123456789ABCDEFG', seededRandom('moved').bytes);
    const before = await stored(service);
    const { status, body } = await service.generate({ key });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: 'key' });
    expect(await stored(service)).toEqual(before);
  });

  it('is refused with a value that is taken, and the first one lives on', async () => {
    const service = await startedService();
    await service.generate({ key: chosen, user_id: 'ada' });
    const before = await stored(service);
    const { status, body } = await service.generate({ key: chosen, key_alias: 'b' });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: 'key' });
    expect(await stored(service)).toEqual(before);
    expect((await service.generate({}, chosen)).status).toBe(200);
  });
});

describe('a key that names no secret', () => {
  it.each([
    ['the caller does not want one', {}, { store_secret: false }],
    ['keys are not mirrored here', { storeVirtualKeys: false }, {}],
  ])('has no intent and still its mail, because %s', async (_, settings, fields) => {
    const service = await startedService(settings);
    const { status, body } = await service.generate({
      ...fields,
      key_alias: 'alpha',
      send_invite_email: true,
      user_email: 'ada@example.com',
    });
    expect(status).toBe(200);
    expect(service.secrets.calls).toBe(0);
    expect(service.table.row(body.key_id)).toMatchObject({
      intent: null,
      secretName: null,
      cur: { ver: null },
      rev: 1,
    });
    await service.deliver();
    expect(service.mailer.inbox.map(({ to }) => to)).toEqual(['ada@example.com']);
    expect(service.trail.of(body.key_id)).toHaveLength(1);
  });
});

describe('generates at once', () => {
  it('make as many keys', async () => {
    const service = await startedService();
    const answers = await Promise.all(Array.from({ length: 10 }, () => service.generate({})));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(new Set(answers.map(({ body }) => body.key)).size).toBe(10);
    expect(new Set(answers.map(({ body }) => body.key_id)).size).toBe(10);
    expect(service.secrets.secrets.size).toBe(10);
    await service.deliver();
    for (const { body } of answers) expect(service.trail.of(body.key_id)).toHaveLength(1);
  });

  it('with one alias make one key and nine refusals', async () => {
    const service = await startedService();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => service.generate({ key_alias: 'alpha' })),
    );
    const won = answers.filter(({ status }) => status === 200);
    const lost = answers.filter(({ status }) => status === 400);
    expect([won.length, lost.length]).toEqual([1, 9]);
    for (const { body } of lost) expect(body.error.param).toBe('key_alias');
    expect([...service.secrets.secrets.keys()]).toEqual(['litellm/alpha']);
    expect(service.secrets.current('litellm/alpha')).toBe(won[0]?.body.key);
    expect(service.table.rows()).toHaveLength(2);
  });

  it('with one chosen value make one key', async () => {
    const service = await startedService();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => service.generate({ key: 'sk-chosen-by-somebody' })),
    );
    const refused = answers.filter(({ status }) => status === 400);
    expect(refused).toHaveLength(4);
    for (const { body } of refused) expect(body.error.param).toBe('key');
    expect(service.table.rows()).toHaveLength(2);
  });
});
