/** Regenerates that are refused: nothing changes, and the message says what to do. */
import { describe, expect, it } from 'vitest';
import { newKey } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { startedService } from '../fakes/service.ts';
import {
  ask,
  atRest,
  everything,
  isLetIn,
  issue,
  refusalIn,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/regenerate';
const regenerated = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path, body: { key, ...fields } });

describe('a regenerate that is refused changes nothing:', () => {
  it.each([
    ['no body', undefined, 400, 'key'],
    ['no key', {}, 400, 'key'],
    ['null', { key: null }, 400, 'key'],
    ['no JSON', '{', 422, null],
    ['a list', [], 422, null],
    ['a number as key', { key: 5 }, 422, 'key'],
    ['an object as new value', { key: 'x', new_key: {} }, 422, 'new_key'],
    ['a text as models', { key: 'x', models: 'gpt' }, 422, 'models'],
    ['too much', { key: 'x', metadata: { a: 'x'.repeat(270_000) } }, 413, null],
    ['an empty key', { key: '' }, 404, 'key'],
    ['what is no key', { key: 'a' }, 404, 'key'],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    const answer = await untouched(service, () => ask(service, { path, body }));
    expect(refusalIn(answer)).toEqual([status, param]);
  });

  it.each(unknownNames)('an unknown key (%s), which is not repeated', async (name) => {
    const service = await startedService();
    for (const asked of [
      { path, body: { key: name } },
      { path: `/key/${name}/regenerate`, body: {} },
    ]) {
      const answer = await untouched(service, () => ask(service, asked));
      expect(refusalIn(answer)).toEqual([404, 'key']);
      expect(JSON.stringify(answer.body)).not.toContain(name);
    }
  });

  it('a deleted key, and a value that was rotated away', async () => {
    const service = await startedService();
    const gone = await issue(service);
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const rotated = await issue(service);
    await regenerated(service, rotated.key);
    const before = await everything(service);
    for (const name of [gone.key, gone.token, gone.key_id, rotated.key, rotated.token]) {
      expect(refusalIn(await regenerated(service, name))).toEqual([404, 'key']);
    }
    expect(await everything(service)).toEqual(before);
  });

  it('an expired key, whose new value would be dead on arrival', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { duration: '1h' });
    service.clock.advance(3_600_000);
    for (const fields of [{}, { tpm_limit: 1 }, { duration: '0s' }, { duration: '' }]) {
      const answer = await untouched(service, () => regenerated(service, key_id, fields));
      expect(refusalIn(answer)).toEqual([400, 'duration']);
      expect(answer.body.error.message).toContain('expired');
    }
  });

  it.each(['1h', null, '-1'])(
    'but an expired key with the duration %j lives again',
    async (duration) => {
      const service = await startedService();
      const { key, key_id } = await issue(service, { duration: '1h' });
      service.clock.advance(3_600_000);
      const { status, body } = await regenerated(service, key_id, { duration });
      expect(status).toBe(200);
      expect(await isLetIn(service, body.key)).toBe(true);
      expect(await isLetIn(service, key)).toBe(false);
    },
  );

  it('a setting that breaks a rule', async () => {
    const service = await startedService({ keyLimits: { tpm_limit: 10 } });
    const { key_id } = await issue(service);
    for (const [param, value] of [
      ['max_budget', -1],
      ['tpm_limit', 11],
      ['duration', 'soon'],
      ['models', null],
      ['key_alias', ' '],
      ['rotation_interval', '0s'],
      ['user_email', 'nobody'],
    ] as const) {
      const answer = await untouched(service, () =>
        regenerated(service, key_id, { [param]: value }),
      );
      expect(refusalIn(answer)).toEqual([400, param]);
    }
  });

  it('an alias that is another live key’s, or of one that is being cleaned up', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    await issue(service, { key_alias: 'b' });
    const taken = await untouched(service, () => regenerated(service, key_id, { key_alias: 'b' }));
    expect(refusalIn(taken)).toEqual([400, 'key_alias']);
    service.secrets.trouble('throttled');
    await ask(service, { path: '/key/delete', body: { key_aliases: ['b'] } });
    const leaving = await untouched(service, () =>
      regenerated(service, key_id, { key_alias: 'b' }),
    );
    expect([...refusalIn(leaving), leaving.headers['retry-after']]).toEqual([
      409,
      'key_alias',
      '5',
    ]);
    expect(await atRest(service)).toEqual([]);
    expect((await regenerated(service, key_id, { key_alias: 'b' })).status).toBe(200);
  });

  it('the name of somebody else’s secret: 409, taken back, and theirs is untouched', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const theirs = { Name: 'litellm/b', SecretString: 'theirs' };
    service.secrets.service.createSecret({ ...theirs, ClientRequestToken: 'f'.repeat(32) });
    const answer = await regenerated(service, key_id, { key_alias: 'b' });
    expect(refusalIn(answer)).toEqual([409, 'key_alias']);
    expect(service.secrets.current('litellm/b')).toBe('theirs');
    expect(service.secrets.current('litellm/a')).toBe(key);
    expect(await isLetIn(service, key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a chosen new value is refused', () => {
  it('where the environment allows none', async () => {
    const service = await startedService({ allowCustomKeys: false });
    const { key_id } = await issue(service);
    const answer = await untouched(service, () =>
      regenerated(service, key_id, { new_key: 'sk-chosen-by-somebody' }),
    );
    expect(refusalIn(answer)).toEqual([403, 'new_key']);
  });

  it.each([
    '',
    'chosen-by-somebody',
    'sk-short',
    'sk-with white space',
    `sk-${'x'.repeat(600)}`,
    newKey('0123456789ABCDEFG', seededRandom('issued').bytes),
  ])('where it is weak: %j', async (new_key) => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const answer = await untouched(service, () => regenerated(service, key_id, { new_key }));
    expect(refusalIn(answer)).toEqual([400, 'new_key']);
    if (new_key !== '') expect(JSON.stringify(answer.body)).not.toContain(new_key);
  });

  it('where it is in use: another key’s, its own, a former one, a deleted key’s', async () => {
    const service = await startedService();
    const values = [
      'sk-of-another-key-00',
      'sk-its-own-value-000',
      'sk-of-a-deleted-key0',
    ] as const;
    const [other, own, gone] = values;
    await issue(service, { key: other });
    const { key_id } = await issue(service, { key: own });
    const dead = await issue(service, { key: gone });
    await ask(service, { path: '/key/delete', body: { keys: [dead.key_id] } });
    for (const new_key of values) {
      const answer = await untouched(service, () => regenerated(service, key_id, { new_key }));
      expect(refusalIn(answer)).toEqual([400, 'new_key']);
    }
    expect((await regenerated(service, key_id)).status).toBe(200);
    const former = await untouched(service, () => regenerated(service, key_id, { new_key: own }));
    expect(refusalIn(former)).toEqual([400, 'new_key']);
  });

  it('where it turns up in another field too', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const new_key = 'sk-chosen-by-somebody';
    const answer = await untouched(service, () =>
      regenerated(service, key_id, { new_key, metadata: { backup: new_key } }),
    );
    expect(refusalIn(answer)).toEqual([400, 'metadata']);
  });
});

describe('the limit of a day', () => {
  it('is twenty regenerates and renames, then 429 until the next day in UTC', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    for (let count = 0; count < 20; count += 1) {
      const answer =
        count % 2 === 0
          ? await regenerated(service, key_id)
          : await ask(service, {
              path: '/key/update',
              body: { key: key_id, key_alias: `a${count}` },
            });
      expect(answer.status).toBe(200);
    }
    const answer = await untouched(service, () => regenerated(service, key_id));
    expect([answer.status, answer.body.error.type]).toEqual([429, 'rate_limit_exceeded']);
    // 13:50 until midnight.
    expect(answer.headers['retry-after']).toBe('36600');
    const rename = { path: '/key/update', body: { key: key_id, key_alias: 'z' } };
    expect((await ask(service, rename)).status).toBe(429);
    const update = { path: '/key/update', body: { key: key_id, tpm_limit: 1 } };
    expect((await ask(service, update)).status).toBe(200);
    service.clock.advance(36_600_000 - 1);
    expect((await regenerated(service, key_id)).headers['retry-after']).toBe('1');
    service.clock.advance(1);
    expect((await regenerated(service, key_id)).status).toBe(200);
  });

  it('is each key’s own', async () => {
    const service = await startedService();
    const [one, two] = [await issue(service), await issue(service)];
    for (let count = 0; count < 20; count += 1) await regenerated(service, one.key_id);
    expect((await regenerated(service, one.key_id)).status).toBe(429);
    expect((await regenerated(service, two.key_id)).status).toBe(200);
  });

  it('keeps the versions of a secret below what Secrets Manager holds of a day', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    for (let count = 0; count < 30; count += 1) {
      service.secrets.trouble('lost-answer', 'lost-answer');
      await regenerated(service, key_id);
      service.clock.advance(60_000);
      await service.repair();
    }
    expect(service.secrets.secrets.get('litellm/a')?.versions.size).toBeLessThan(100);
  });
});
