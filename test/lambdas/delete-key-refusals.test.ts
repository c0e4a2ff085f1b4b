/** Deletes that are refused, and what an ordinary caller may delete. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import {
  ask,
  isLetIn,
  issue,
  recordOf,
  refusalIn,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/delete';
const deleted = (service: Service, ...keys: string[]) => ask(service, { path, body: { keys } });

describe('a delete that is refused changes nothing:', () => {
  it.each([
    ['no body', undefined, 422, null],
    ['no JSON', '{', 422, null],
    ['no lists', {}, 422, null],
    ['two nulls', { keys: null, key_aliases: null }, 422, null],
    ['two empty lists', { keys: [], key_aliases: [] }, 422, null],
    ['a text as list', { keys: 'sk-x' }, 422, 'keys'],
    ['a number in a list', { keys: [5] }, 422, 'keys'],
    ['null in a list', { key_aliases: [null] }, 422, 'key_aliases'],
    ['101 keys', { keys: Array.from({ length: 101 }, () => 'x') }, 400, 'keys'],
    ['101 aliases', { key_aliases: Array.from({ length: 101 }, () => 'x') }, 400, 'key_aliases'],
    ['too much', { keys: ['x'.repeat(270_000)] }, 413, null],
    ['unknown names alone', { keys: [...unknownNames], key_aliases: ['x', ''] }, 404, 'key'],
    ['the admin key', { keys: ['master', 'sk-1234'] }, 404, 'key'],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    const answer = await untouched(service, () => ask(service, { path, body }));
    expect(refusalIn(answer)).toEqual([status, param]);
    if (status === 404) expect(answer.body.error.type).toBe('bad_request_error');
  });

  it('101 names over both lists', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const key_aliases = Array.from({ length: 100 }, (_, index) => `a${index}`);
    const answer = await untouched(service, () =>
      ask(service, { path, body: { keys: [key_id], key_aliases } }),
    );
    expect(answer.status).toBe(400);
  });

  it('a key that is deleted already', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    await deleted(service, key_id);
    const answer = await untouched(service, () => deleted(service, key, token, key_id));
    expect(refusalIn(answer)).toEqual([404, 'key']);
  });

  it('a value that was rotated away: the live key lives on', async () => {
    const service = await startedService();
    const { key, token } = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key } });
    const answer = await untouched(service, () => deleted(service, key, token));
    expect(refusalIn(answer)).toEqual([404, 'key']);
  });
});

describe('an ordinary caller', () => {
  it('deletes keys of its own, the one it calls with among them', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada', key_alias: 'mine' });
    const other = await issue(service, { user_id: 'ada' });
    const keys = [other.key_id, caller.key];
    const { status, body } = await ask(service, { path, key: caller.key, body: { keys } });
    expect([status, body.deleted_keys]).toEqual([200, keys]);
    expect(await isLetIn(service, caller.key)).toBe(false);
    const record = await recordOf(service, other.key_id);
    expect(record).toMatchObject({ changed_by: 'ada', who: { principal: caller.key_id } });
  });

  it('deletes none where one of them is foreign or unknown', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const own = await issue(service, { user_id: 'ada' });
    const foreign = await issue(service, { user_id: 'bob' });
    for (const name of [foreign.key_id, ...unknownNames, 'master']) {
      const body = { keys: [own.key_id, name] };
      const answer = await untouched(service, () => ask(service, { path, key: caller.key, body }));
      expect([name, answer.status]).toEqual([name, 403]);
    }
  });
});
