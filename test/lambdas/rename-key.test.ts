/** `POST /key/update` with another alias: the secret follows the name, and no name shows two keys' values. */
import { describe, expect, it } from 'vitest';
import { tombstone } from '../../lambdas/shared/domain/tombstone.ts';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  labelled,
  recordOf,
  refusalIn,
  rowOf,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/update';
const renamed = (service: Service, key: string, key_alias: string | null, more: object = {}) =>
  ask(service, { path, body: { key, key_alias, ...more } });

/** Something that happens right after the secret has its new name. */
function afterCreate({ secrets }: Service, happens: () => Promise<unknown>): void {
  const create = secrets.create.bind(secrets);
  secrets.create = async (secret, limitMs) => {
    const outcome = await create(secret, limitMs);
    secrets.create = create;
    await happens();
    return outcome;
  };
}

describe('a rename', () => {
  it('moves alias and secret, and the key goes on under its value', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a', max_budget: 5 });
    const { status, body } = await renamed(service, key_id, 'b', { tpm_limit: 7 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ key_alias: 'b', secret_name: 'litellm/b', token, tpm_limit: 7 });
    expect(service.secrets.current('litellm/b')).toBe(key);
    expect(service.secrets.current('litellm/a')).toBeNull();
    const row = rowOf(service, key_id);
    expect(row).toMatchObject({ alias: 'b', intent: null, cur: { hash: token }, prev: null });
    expect(row.key).toMatchObject({ max_budget: 5, tpm_limit: 7 });
    const { versions } = service.secrets.secrets.get('litellm/b') ?? {};
    expect([...(versions?.keys() ?? [])]).toEqual([row.cur.ver]);
    expect(service.table.lease('a')).toMatchObject({ state: 'free', keyId: key_id });
    expect(service.table.lease('a')?.deletedAt).not.toBeNull();
    expect(service.table.lease('b')).toMatchObject({ state: 'held', keyId: key_id });
    expect(await isLetIn(service, key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });

  it('leaves one record, under the hash that stays', async () => {
    const service = await startedService();
    const { key_id, token } = await issue(service, { key_alias: 'a' });
    await renamed(service, key_id, 'b');
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'updated',
      object_id: token,
      before: { key_alias: 'a' },
      after: { key_alias: 'b' },
    });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated']);
    expect(service.mailer.inbox).toEqual([]);
  });

  it('tags the new secret with whose key it is then', async () => {
    const service = await startedService({ secretTags: { cost: 'llm' } });
    const { key_id } = await issue(service, { key_alias: 'a', user_id: 'ada', team_id: 'one' });
    await renamed(service, key_id, 'b', { user_id: 'bob', team_id: 'two' });
    expect(service.secrets.secrets.get('litellm/b')?.tags).toEqual({
      cost: 'llm',
      'latchkey:env': 'test',
      key_id,
      user_id: 'bob',
      team_id: 'two',
    });
  });

  it('there and back shows the key under its first name, and nothing else', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
    expect((await renamed(service, key_id, 'a')).status).toBe(200);
    expect(labelled(service, 'litellm/a', 'AWSCURRENT')).toBe(key);
    expect(labelled(service, 'litellm/a', 'AWSPREVIOUS')).toBe(tombstone);
    expect(service.secrets.current('litellm/b')).toBeNull();
    expect(rowOf(service, key_id).alias).toBe('a');
    expect(await atRest(service)).toEqual([]);
  });

  it('to null gives the key the name of its first hash, and back', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    const own = `litellm/virtual-key-${token}`;
    expect((await renamed(service, key_id, null)).body).toMatchObject({
      key_alias: null,
      secret_name: own,
    });
    expect(service.secrets.current(own)).toBe(key);
    expect(service.table.lease('a')?.state).toBe('free');
    for (const alias of ['b', null, 'a', null]) {
      expect([alias, (await renamed(service, key_id, alias)).status]).toEqual([alias, 200]);
    }
    expect(service.secrets.current(own)).toBe(key);
    expect(labelled(service, own, 'AWSPREVIOUS')).toBe(tombstone);
    expect(await atRest(service)).toEqual([]);
  });

  it('through two aliases and back to none finds its own first name again', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service);
    for (const alias of ['a', 'b', null]) {
      expect([alias, (await renamed(service, key_id, alias)).status]).toEqual([alias, 200]);
    }
    expect(service.secrets.current(`litellm/virtual-key-${token}`)).toBe(key);
    expect(await atRest(service)).toEqual([]);
  });

  it('frees the old alias at once, and the next key there never shows the value of the first', async () => {
    const service = await startedService();
    const first = await issue(service, { key_alias: 'a' });
    await renamed(service, first.key_id, 'b');
    const second = await issue(service, { key_alias: 'a' });
    expect(service.secrets.current('litellm/a')).toBe(second.key);
    expect(labelled(service, 'litellm/a', 'AWSPREVIOUS')).toBe(tombstone);
    expect(service.secrets.secrets.get('litellm/a')?.tags['key_id']).toBe(second.key_id);
    expect(await isLetIn(service, first.key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });

  it('to the alias of a deleted key never shows that key’s value', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'b' });
    await ask(service, { path: '/key/delete', body: { key_aliases: ['b'] } });
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
    expect(labelled(service, 'litellm/b', 'AWSCURRENT')).toBe(key);
    expect(labelled(service, 'litellm/b', 'AWSPREVIOUS')).toBe(tombstone);
  });

  it('of a key without a secret is one write, and calls no Secrets Manager', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a', store_secret: false });
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
    expect(service.secrets.calls).toBe(0);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'b', intent: null, secretName: null });
    expect(service.table.lease('a')?.state).toBe('free');
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated']);
  });

  it('keeps an overlap: the former value is let in as long as before', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/regenerate', body: { key: key_id, grace_period: '1h' } });
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
    service.clock.advance(3_599_999);
    expect(await isLetIn(service, key)).toBe(true);
    service.clock.advance(1);
    expect(await isLetIn(service, key)).toBe(false);
  });
});

describe('while a rename is open', () => {
  it('no other key can take either name, and nobody renames or regenerates the key', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const other = await issue(service, { key_alias: 'other' });
    const answers: [string, number, boolean][] = [];
    afterCreate(service, async () => {
      for (const [what, asked] of [
        ['generate a', { path: '/key/generate', body: { key_alias: 'a' } }],
        ['generate b', { path: '/key/generate', body: { key_alias: 'b' } }],
        ['rename to b', { path, body: { key: other.key_id, key_alias: 'b' } }],
        ['regenerate to b', { path: '/key/regenerate', body: { key: other.key, key_alias: 'b' } }],
        ['rename again', { path, body: { key: key_id, key_alias: 'c' } }],
        ['regenerate', { path: '/key/regenerate', body: { key: key_id } }],
      ] as const) {
        const { status, headers } = await ask(service, asked);
        answers.push([what, status, headers['retry-after'] !== undefined]);
      }
    });
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
    expect(answers).toEqual([
      ['generate a', 400, false],
      ['generate b', 409, true],
      ['rename to b', 409, true],
      ['regenerate to b', 409, true],
      ['rename again', 409, true],
      ['regenerate', 409, true],
    ]);
    expect(service.secrets.secrets.size).toBe(3);
    expect(await atRest(service)).toEqual([]);
  });

  it('a block takes effect at once and stays', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    afterCreate(service, () => ask(service, { path: '/key/block', body: { key: key_id } }));
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'b', blocked: true });
    expect(await isLetIn(service, key)).toBe(false);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'blocked', 'updated']);
  });

  it('a delete wins: the rename never answers 200, and no secret stays', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    afterCreate(service, () => ask(service, { path: '/key/delete', body: { keys: [key_id] } }));
    expect((await renamed(service, key_id, 'b')).status).toBe(409);
    expect(await isLetIn(service, key)).toBe(false);
    expect(await atRest(service)).toEqual([]);
    expect([service.secrets.current('litellm/a'), service.secrets.current('litellm/b')]).toEqual([
      null,
      null,
    ]);
    expect((await service.generate({ key_alias: 'b' })).status).toBe(200);
  });
});

describe('a rename that is refused changes nothing:', () => {
  it('the alias is another live key’s', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    await issue(service, { key_alias: 'b' });
    const answer = await untouched(service, () => renamed(service, key_id, 'b'));
    expect(refusalIn(answer)).toEqual([400, 'key_alias']);
  });

  it('the alias is being cleaned up after a deleted key', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    await issue(service, { key_alias: 'b' });
    service.secrets.trouble('throttled');
    await ask(service, { path: '/key/delete', body: { key_aliases: ['b'] } });
    const answer = await untouched(service, () => renamed(service, key_id, 'b'));
    expect(refusalIn(answer)).toEqual([409, 'key_alias']);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(await atRest(service)).toEqual([]);
    expect((await renamed(service, key_id, 'b')).status).toBe(200);
  });

  it.each(['', '  ', 'a\u0000b', '../a', 'x'.repeat(600)])('the alias %j', async (alias) => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const answer = await untouched(service, () => renamed(service, key_id, alias));
    expect(refusalIn(answer)).toEqual([400, 'key_alias']);
  });

  it('an alias outside the pattern of the environment', async () => {
    const service = await startedService({ aliasPattern: '[a-z]+' });
    const { key_id } = await issue(service, { key_alias: 'a' });
    const answer = await untouched(service, () => renamed(service, key_id, 'B'));
    expect(refusalIn(answer)).toEqual([400, 'key_alias']);
  });
});

describe('a rename under the name of somebody else’s secret', () => {
  it('is a 409 and taken back; theirs is untouched', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const theirs = { Name: 'litellm/b', SecretString: 'theirs' };
    service.secrets.service.createSecret({ ...theirs, ClientRequestToken: 'f'.repeat(32) });
    expect(refusalIn(await renamed(service, key_id, 'b'))).toEqual([409, 'key_alias']);
    expect(service.secrets.current('litellm/b')).toBe('theirs');
    expect(service.secrets.current('litellm/a')).toBe(key);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'a', intent: null, seq: 1 });
    expect(service.table.lease('b')?.state).toBe('free');
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a rename between the reading and the writing of another change', () => {
  /** Renames the key to `c` once another call has read it. */
  async function racing(asked: (keyId: string) => { path: string; body: object }) {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const load = service.table.load.bind(service.table);
    service.table.load = async (wanted, limitMs) => {
      const found = await load(wanted, limitMs);
      service.table.load = load;
      expect((await renamed(service, key_id, 'c')).status).toBe(200);
      return found;
    };
    const answer = await ask(service, asked(key_id));
    return { service, answer, key, keyId: key_id };
  }

  it('leaves a regenerate its secret: the new value is under the new name, and stays there', async () => {
    const { service, answer } = await racing((key) => ({ path: '/key/regenerate', body: { key } }));
    expect(answer.status).toBe(200);
    expect(service.secrets.current('litellm/c')).toBe(answer.body.key);
    expect(await atRest(service)).toEqual([]);
  });

  it('leaves no secret behind where a regenerate goes back to the first name', async () => {
    const { service, answer } = await racing((key) => ({
      path: '/key/regenerate',
      body: { key, key_alias: 'a' },
    }));
    expect(answer.status).toBe(200);
    expect(service.secrets.current('litellm/a')).toBe(answer.body.key);
    expect(service.secrets.current('litellm/c')).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });

  it('is not taken back by an update that sends the former alias again', async () => {
    const { service, answer, keyId } = await racing((key) => ({
      path,
      body: { key, key_alias: 'a', tpm_limit: 7 },
    }));
    expect([answer.status, answer.headers['retry-after']]).toEqual([409, '1']);
    expect(rowOf(service, keyId).alias).toBe('c');
  });

  it('is followed by another rename', async () => {
    const { service, answer, key } = await racing((named) => ({
      path,
      body: { key: named, key_alias: 'b' },
    }));
    expect(answer.status).toBe(200);
    expect(service.secrets.current('litellm/b')).toBe(key);
    expect(service.secrets.current('litellm/c')).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });
});
