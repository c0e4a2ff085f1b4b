/** `POST /v2/key/info`: several keys at once. */
import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { contract } from '../../lambdas/show-keys/contract.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, type Born, issue, refusalIn, unknownNames, untouched } from './fixtures/calls.ts';
import { inTurn, namesOf, remove } from './fixtures/lists.ts';

async function world() {
  const service = await startedService({ maxKeysPerUser: null });
  const born = inTurn(service);
  const keys = {
    a: await born({ user_id: 'ada', key_alias: 'alpha' }),
    b: await born({ user_id: 'ada', key: 'sk-chosen-by-somebody' }),
    c: await born({ user_id: 'eve', key_alias: 'gamma', blocked: true, duration: '0s' }),
    d: await born({ user_id: 'ada', key_alias: 'delta' }),
    e: await born({}),
    gone: await born({ user_id: 'ada', key_alias: 'gone' }),
    former: await born({ user_id: 'ada' }),
  };
  await remove(service, keys.gone);
  const asked = { key: keys.former.key };
  const { body: turned } = await ask(service, { path: '/key/regenerate', body: asked });
  return { service, keys: { ...keys, turned } };
}
const shared = await world();
type Keys = typeof shared.keys;

const show = (body: unknown, key = masterKey) =>
  ask(shared.service, { path: '/v2/key/info', body, key });
const namesIn = (info: readonly Born[]) =>
  namesOf(
    shared.keys,
    info.map(({ token }) => token),
  ).join(' ');

describe('show-keys', () => {
  it.each<[string, (keys: Keys) => object, string]>([
    ['by value', ({ a, b }) => ({ keys: [a.key, b.key] }), 'b a'],
    ['by hash', ({ a, b }) => ({ keys: [a.token, b.token] }), 'b a'],
    ['by id', ({ a, b }) => ({ keys: [a.key_id, b.key_id] }), 'b a'],
    ['by alias', () => ({ key_aliases: ['alpha', 'gamma'] }), 'c a'],
    [
      'by both, the newest first',
      ({ e, b }) => ({ keys: [b.key, e.key_id], key_aliases: ['alpha', 'delta'] }),
      'e d b a',
    ],
    ['with null for the one', () => ({ keys: null, key_aliases: ['alpha'] }), 'a'],
    ['with null for the other', ({ a }) => ({ keys: [a.key], key_aliases: null }), 'a'],
    ['with nothing in the other', ({ a }) => ({ keys: [a.key], key_aliases: [] }), 'a'],
    [
      'once, however often it is named',
      ({ a }) => ({ keys: [a.key, a.token, a.key_id, a.key], key_aliases: ['alpha', 'alpha'] }),
      'a',
    ],
    ['by its new value', ({ turned }) => ({ keys: [turned.key, turned.token] }), 'turned'],
    ['by the id that it keeps', ({ former }) => ({ keys: [former.key_id] }), 'turned'],
    [
      'with the unknown left out',
      ({ a }) => ({ keys: ['sk-unknown-to-anybody', a.key, 'x', ''], key_aliases: ['nobody', ''] }),
      'a',
    ],
    [
      'with what is no name left out',
      ({ a }) => ({
        keys: [...unknownNames, a.key, '\ud800', 'x'.repeat(600)],
        key_aliases: ['\ud800', 'x'.repeat(600)],
      }),
      'a',
    ],
    [
      'with the deleted left out',
      ({ a, gone }) => ({ keys: [gone.key, gone.key_id, a.key], key_aliases: ['gone'] }),
      'a',
    ],
    [
      'with what was rotated away left out',
      ({ a, former }) => ({ keys: [former.key, former.token, a.key] }),
      'a',
    ],
    ['with hashes in upper case left out', ({ a }) => ({ keys: [a.token.toUpperCase()] }), ''],
    ['with aliases among the keys left out', () => ({ keys: ['alpha'] }), ''],
    ['with keys among the aliases left out', ({ a }) => ({ key_aliases: [a.key, a.token] }), ''],
  ])('shows keys %s', async (_, body, expected) => {
    const sent: { keys?: unknown } = body(shared.keys);
    const answer = await show(sent);
    expect([answer.status, namesIn(answer.body.info)]).toEqual([200, expected]);
    expect(answer.body.key).toEqual(sent.keys ?? null);
    expect(contract.answer.parse(answer.body)).toEqual(answer.body);
  });

  it('shows each with its hash and all its columns, and no key', async () => {
    const { a } = shared.keys;
    const { body } = await show({ keys: [a.key_id] });
    expect(body.info).toMatchObject([
      { key_alias: 'alpha', user_id: 'ada', secret_name: 'litellm/alpha' },
    ]);
    expect(JSON.stringify(body)).not.toContain('sk-lk_');
  });

  it('masks the credentials of logging callbacks', async () => {
    const callback_vars = { langfuse_secret: 'of-somebody' };
    const metadata = { logging: [{ callback_name: 'langfuse', callback_vars }] };
    const { key_id } = await issue(shared.service, { metadata });
    const { body } = await show({ keys: [key_id] });
    expect(body.info[0].metadata.logging[0].callback_vars).toEqual({ langfuse_secret: '********' });
  });

  it('takes 100 names, and not one more', async () => {
    const { a, b } = shared.keys;
    const names = Array.from({ length: 98 }, (_, index) => `alias-${index}`);
    const fits = await show({ keys: [a.key, b.key], key_aliases: names });
    expect([fits.status, namesIn(fits.body.info)]).toEqual([200, 'b a']);
    const tooMany = await show({ keys: [a.key, b.key, a.key], key_aliases: names });
    expect(refusalIn(tooMany)).toEqual([400, 'keys']);
    expect(tooMany.body.error.message).toBe('At most 100 keys can be shown at once.');
  });

  it.each([
    [{}, 'keys'],
    [{ keys: [], key_aliases: null }, 'keys'],
    [{ keys: null }, 'keys'],
    [{ keys: 'sk-1234' }, 'keys'],
    [{ keys: ['a', 1] }, 'keys'],
    [{ key_aliases: [null] }, 'key_aliases'],
    [undefined, null],
    ['[]', null],
    ['null', null],
    ['{', null],
  ])('refuses %j', async (body, param) => {
    const answer = await show(body);
    expect(refusalIn(answer)).toEqual([422, param]);
    expect(answer.body.error.message).not.toContain('sk-1234');
  });

  it('changes nothing', async () => {
    await untouched(shared.service, () => show({ keys: [shared.keys.a.key] }));
  });
});

describe('show-keys leaves out without a word', () => {
  const everything = ({ a, b, c, d, e, turned }: Keys) =>
    [a, b, c, d, e, turned].map(({ key }) => key);

  it.each<[object, string | number]>([
    [{ user_role: 'proxy_admin' }, 'turned e d c b a'],
    [{ user_role: 'proxy_admin_viewer' }, 'turned e d c b a'],
    [{ user_id: 'ada' }, 'turned d b a'],
    [{ user_id: 'ada', user_role: 'internal_user_viewer' }, 'turned d b a'],
    [{ user_id: 'ada', key_type: 'read_only' }, 'turned d b a'],
    [{ user_id: 'ada', allowed_routes: ['/v2/key/info'] }, 'turned d b a'],
    [{ user_id: 'nobody' }, ''],
    [{}, ''],
    [{ user_id: 'ada', key_type: 'llm_api' }, 403],
    [{ user_id: 'ada', allowed_routes: ['/key/info'] }, 403],
  ])('what a key with %j may not see', async (fields, expected) => {
    const caller = await issue(shared.service, fields);
    const keys = everything(shared.keys);
    const { status, body } = await show({ keys, key_aliases: ['gamma', 'alpha'] }, caller.key);
    if (typeof expected === 'number') expect(status).toBe(expected);
    else expect([status, body.key, namesIn(body.info)]).toEqual([200, keys, expected]);
    if (status !== 200) return;
    const self = await show({ keys: [caller.token] }, caller.key);
    expect(self.body.info).toMatchObject([{ key_id: caller.key_id }]);
  });

  it('the admin key, but to itself', async () => {
    const names = { keys: [masterKey, tokenHash(masterKey), 'master'] };
    const { body } = await show(names);
    expect(body.info).toMatchObject([{ key_id: 'master', token: 'litellm_proxy_master_key' }]);
    expect(contract.answer.parse(body)).toEqual(body);
    // What was sent is echoed; the rest must not tell the hash.
    expect(JSON.stringify(body.info)).not.toContain(tokenHash(masterKey));
    for (const fields of [
      { user_role: 'proxy_admin' },
      { user_role: 'proxy_admin_viewer' },
      { user_id: 'ada' },
    ]) {
      const { key } = await issue(shared.service, fields);
      expect((await show(names, key)).body).toEqual({ key: names.keys, info: [] });
    }
  });
});
