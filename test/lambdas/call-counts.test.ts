/**
 * How many calls to AWS an operation waits for, one after the other: its latency is these. A caller
 * or target that is named by hash costs one more inside `load`, which the adapter's tests hold.
 */
import { describe, expect, it } from 'vitest';
import { newKey } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { type Sent, startedService } from '../fakes/service.ts';
import { FaultyProcess } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { newestToken } from './fixtures/claims.ts';

async function watched(before: readonly Sent[] = []) {
  const service = await startedService();
  for (const earlier of before) await service.asAdmin(earlier);
  await service.deliver();
  const process = new FaultyProcess(new Map(), service.clock, 0);
  const seen = faultyStores(service.processStores, process);
  return { service, seen, made: process.made };
}

async function callsOf(sent: Sent, before: readonly Sent[] = []) {
  const { service, seen, made } = await watched(before);
  const headers = { authorization: 'Bearer sk-1234', ...sent.headers };
  const { status } = await service.sendThrough(seen, { ...sent, headers });
  return { status, made };
}

const issued = newKey('0123456789ABCDEFG', seededRandom('typo').bytes);
const mistyped = issued.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
const generate = { path: '/key/generate', body: { key_alias: 'a' } };

describe('calls made', () => {
  it('by generate: caller, transaction, secret, settle', async () => {
    const { status, made } = await callsOf(generate);
    expect(status).toBe(200);
    expect(made).toEqual([
      'load',
      'commit create-row+create-pointer+put-lease',
      'create',
      'commit replace-row',
    ]);
  });

  it('by generate without a secret: caller, transaction', async () => {
    const { made } = await callsOf({ ...generate, body: { store_secret: false } });
    expect(made).toEqual(['load', 'commit create-row+create-pointer']);
  });

  it('by a repeated generate: caller with record, row, secret', async () => {
    const sent = { ...generate, headers: { 'idempotency-key': 'once' } };
    const { status, made } = await callsOf(sent, [sent]);
    expect(status).toBe(200);
    expect(made).toEqual(['load', 'load', 'read']);
  });

  it('by the schedule: who is due, and for each key its row, transaction, secret, settle', async () => {
    const body = { auto_rotate: true, rotation_interval: '1d' };
    const { service, seen, made } = await watched([{ path: '/key/generate', body }]);
    service.clock.advance(86_400_000);
    expect((await service.rotate(seen)).KeysRotated).toBe(1);
    expect(made).toEqual([
      'findRotations',
      'load',
      'commit replace-row+create-pointer',
      'put',
      'commit replace-row+expire-pointer',
    ]);
  });

  it('by info: caller and target at once', async () => {
    const { status, made } = await callsOf({ method: 'GET', path: '/key/info' });
    expect(status).toBe(200);
    expect(made).toEqual(['load']);
  });

  it('for bad input: the caller alone', async () => {
    const { status, made } = await callsOf({ ...generate, body: { max_budget: -1 } });
    expect(status).toBe(400);
    expect(made).toEqual(['load']);
  });

  it('for a mistyped key: none', async () => {
    const headers = { authorization: `Bearer ${mistyped}` };
    for (const sent of [generate, { path: '/key/verify', body: { key: mistyped } }]) {
      const { status, made } = await callsOf({ ...sent, headers });
      expect({ status, made }).toEqual({ status: 401, made: [] });
    }
  });

  it('by a check: gateway and key at once, or the key that checks itself alone', async () => {
    const chosen = 'sk-chosen-by-somebody';
    const before = [{ path: '/key/generate', body: { key: chosen } }];
    const headers = { authorization: `Bearer ${chosen}` };
    for (const key of [chosen, 'sk-unknown-to-anybody', mistyped]) {
      const asked = await callsOf({ path: '/key/verify', body: { key } }, before);
      expect(asked).toEqual({ status: 200, made: ['load'] });
    }
    const asked = await callsOf({ path: '/key/verify', headers, body: { key: chosen } }, before);
    expect(asked).toEqual({ status: 200, made: ['load'] });
  });

  it('by a claim: link, row, transaction, secret; by a wrong token the link; by what is none, none', async () => {
    const body = { send_invite_email: true, user_email: 'ada@example.com' };
    const { service, seen, made } = await watched([{ path: '/key/generate', body }]);
    const token = newestToken(service);
    const claim = async (given: string) => {
      made.length = 0;
      const sent = { path: '/key/claim', body: { token: given } };
      const { status } = await service.sendThrough(seen, sent);
      return { status, made: [...made] };
    };
    expect(await claim('sk-1234')).toEqual({ status: 404, made: [] });
    const wrong = token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect(await claim(wrong)).toEqual({ status: 404, made: ['find'] });
    const use = 'commit replace-row+replace-claim-link';
    expect(await claim(token)).toEqual({ status: 200, made: ['find', 'load', use, 'read'] });
    expect(await claim(token)).toEqual({ status: 410, made: ['find', 'load', use] });
  });

  it('by a check of what calls: the caller alone', async () => {
    const { status, made } = await callsOf({ path: '/key/health' });
    expect({ status, made }).toEqual({ status: 200, made: ['load'] });
  });
});

describe('calls made about a key', () => {
  const fields = { key_alias: 'a', key: 'sk-chosen-by-somebody', spend: 3 };
  const { key } = fields;
  const before = [{ path: '/key/generate', body: fields }];

  it.each<[string, Sent, string[]]>([
    [
      'update',
      { path: '/key/update', body: { key, tpm_limit: 7 } },
      ['load', 'commit replace-row'],
    ],
    [
      'two updates in one call',
      { path: '/key/bulk_update', body: { keys: [{ key }, { key: 'sk-1234' }, { key }] } },
      ['load', 'commit replace-row', 'commit replace-row'],
    ],
    [
      'two updates in one call with Idempotency-Key',
      {
        path: '/key/bulk_update',
        headers: { 'idempotency-key': 'once' },
        body: { keys: [{ key }, { key }] },
      },
      [
        'load',
        'commit create-record',
        'commit replace-row+create-record',
        'commit replace-row+create-record',
      ],
    ],
    ['block', { path: '/key/block', body: { key } }, ['load', 'commit replace-row']],
    ['unblock', { path: '/key/unblock', body: { key } }, ['load', 'commit replace-row']],
    [
      'reset spend',
      { path: `/key/${key}/reset_spend`, body: { reset_to: 0 } },
      ['load', 'commit replace-row'],
    ],
    [
      'regenerate',
      { path: '/key/regenerate', body: { key } },
      ['load', 'commit replace-row+create-pointer', 'put', 'commit replace-row+expire-pointer'],
    ],
    [
      'regenerate to another alias',
      { path: '/key/regenerate', body: { key, key_alias: 'b' } },
      [
        'load',
        'commit replace-row+create-pointer+put-lease',
        'create',
        'remove',
        'commit replace-row+free-lease+expire-pointer',
      ],
    ],
    [
      // The value is read while the step is being opened.
      'rename',
      { path: '/key/update', body: { key, key_alias: 'b' } },
      [
        'load',
        'commit replace-row+put-lease',
        'read',
        'create',
        'remove',
        'commit replace-row+free-lease',
      ],
    ],
    [
      'delete',
      { path: '/key/delete', body: { keys: [key] } },
      ['load', 'commit replace-row', 'remove', 'commit replace-row+free-lease+expire-pointer'],
    ],
  ])('by %s', async (_, sent, expected) => {
    const { status, made } = await callsOf(sent, before);
    expect({ status, made }).toEqual({ status: 200, made: expected });
  });

  it('by a rename: commit and read at the same time', async () => {
    const service = await startedService();
    await service.asAdmin({ path: '/key/generate', body: fields });
    const { table, secrets } = service;
    const commit = table.commit.bind(table);
    const read = secrets.read.bind(secrets);
    const order: string[] = [];
    table.commit = async (...given) => {
      order.push('commit begins');
      const outcome = await commit(...given);
      order.push('commit ends');
      return outcome;
    };
    secrets.read = async (...given) => {
      order.push('read begins');
      return read(...given);
    };
    await service.asAdmin({ path: '/key/update', body: { key, key_alias: 'b' } });
    expect(order.slice(0, 3)).toEqual(['commit begins', 'read begins', 'commit ends']);
  });

  it.each<[string, Sent, string[]]>([
    [
      'update',
      { path: '/key/update', body: { key, tpm_limit: 7 } },
      ['load', 'commit replace-row'],
    ],
    [
      'regenerate to another alias',
      { path: '/key/regenerate', body: { key, key_alias: 'b' } },
      ['load', 'commit replace-row+create-pointer+put-lease+free-lease+expire-pointer'],
    ],
    [
      'rename',
      { path: '/key/update', body: { key, key_alias: 'b' } },
      ['load', 'commit replace-row+put-lease+free-lease'],
    ],
    [
      'delete',
      { path: '/key/delete', body: { keys: [key] } },
      ['load', 'commit replace-row+free-lease+expire-pointer'],
    ],
  ])('by %s where the key names no secret: caller, one write', async (_, sent, expected) => {
    const unmirrored = [{ path: '/key/generate', body: { ...fields, store_secret: false } }];
    const { status, made } = await callsOf(sent, unmirrored);
    expect({ status, made }).toEqual({ status: 200, made: expected });
  });

  it.each<[string, Sent, string[]]>([
    ['update', { path: '/key/update', body: { key, tpm_limit: 7 } }, ['load', 'load']],
    ['regenerate', { path: '/key/regenerate', body: { key } }, ['load', 'load', 'read']],
    ['delete', { path: '/key/delete', body: { keys: [key] } }, ['load', 'load']],
  ])(
    'by a repeated %s: caller with record, row, and the value where it told one',
    async (_, sent, expected) => {
      const once = { ...sent, headers: { 'idempotency-key': 'once' } };
      const { status, made } = await callsOf(once, [...before, once]);
      expect({ status, made }).toEqual({ status: 200, made: expected });
    },
  );

  it.each<[Sent, number]>([
    [{ path: '/key/update', body: { key, tpm_limit: -1 } }, 400],
    [{ path: '/key/update', body: { key: 'sk-unknown-to-anybody', tpm_limit: 1 } }, 404],
    [{ path: '/key/regenerate', body: { key, grace_period: 'soon' } }, 400],
    [{ path: '/key/regenerate', body: { key: 'sk-unknown-to-anybody' } }, 404],
    [{ path: '/key/delete', body: { keys: ['sk-unknown-to-anybody'] } }, 404],
    [{ path: '/key/block', body: { key: 'x' } }, 400],
    [{ path: '/key/unblock', body: { key: 'sk-unknown-to-anybody' } }, 404],
    [{ path: `/key/${key}/reset_spend`, body: { reset_to: 9 } }, 400],
    [{ path: '/key/bulk_update', body: { keys: [] } }, 400],
    [{ path: '/key/verify', body: {} }, 422],
  ])('for a refusal: caller and target alone (%j)', async (sent, expected) => {
    const { status, made } = await callsOf(sent, before);
    expect({ status, made }).toEqual({ status: expected, made: ['load'] });
  });
});

describe('calls made by a list', () => {
  const made = Array.from({ length: 3 }, (_, index) => ({
    path: '/key/generate',
    body: { key_alias: `a${index}`, user_id: 'ada', organization_id: 'o' },
  }));

  it.each<[string, string, string[]]>([
    ['hashes: caller with the cursor’s key, index', '/key/list?cursor=', ['load', 'list']],
    [
      'a page by number: its entries and their count at once',
      '/key/list',
      ['load', 'list', 'count'],
    ],
    [
      'whole keys: the rows of the page too',
      '/key/list?cursor=&expand=user',
      ['load', 'list', 'load'],
    ],
    ['what the index tells: no rows', '/key/list?status=active&search=A', ['load', 'list']],
    [
      'what rows tell: the rows looked through, once',
      '/key/list?organization_id=o&expand=user',
      ['load', 'list', 'load'],
    ],
    ['another order: likewise', '/key/list?user_id=ada&sort_by=spend', ['load', 'list', 'load']],
    [
      // Rows are not kept while they are sorted: a thousand of them may be large.
      'whole keys in another order: those of the page again',
      '/key/list?user_id=ada&sort_by=spend&return_full_object=true',
      ['load', 'list', 'load', 'load'],
    ],
    ['a key by name: it comes with the caller', '/key/list?key_alias=a1', ['load']],
    ['a key by what can be no name', '/key/list?key_hash=x', ['load']],
    ['aliases', '/key/aliases?cursor=', ['load', 'list']],
    ['aliases of a team', '/key/aliases?team_id=red', ['load', 'list']],
    ['the trail: index, records', '/audit?cursor=', ['load', 'list', 'records']],
    ['the trail of nobody: no records', '/audit?changed_by=nobody&cursor=', ['load', 'list']],
    ['the trail by what records tell', '/audit?action=created', ['load', 'list', 'records']],
    [
      'the trail in another order: the records of the page again',
      '/audit?sort_by=action',
      ['load', 'list', 'records', 'records'],
    ],
    ['one record', '/audit/master_1', ['load', 'records']],
    ['no record', '/audit/x', ['load']],
    ['a cursor that is none', '/key/list?cursor=x', ['load']],
  ])('of %s', async (_, path, expected) => {
    const answer = await callsOf({ method: 'GET', path }, made);
    expect(answer.made).toEqual(expected);
  });

  it('by several keys at once: all with the caller', async () => {
    const sent = { path: '/v2/key/info', body: { key_aliases: ['a0', 'a1', 'none'] } };
    const answer = await callsOf(sent, made);
    expect(answer).toEqual({ status: 200, made: ['load'] });
  });
});
