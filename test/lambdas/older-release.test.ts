/**
 * Rows, aliases, records and secrets as a build of 25 November 2026 has written them, before claim
 * links, reminders and the states of mails; some with a step that was left open. Nothing is migrated:
 * this release works on them as they are.
 */
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { auditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { idempotencyRecord } from '../../lambdas/shared/domain/idempotency.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { startedService } from '../fakes/service.ts';
import written from '../fixtures/older-release.json' with { type: 'json' };
import { ask, atRest, isLetIn, rowOf } from './fixtures/calls.ts';

/** Keys are written backwards in it, so that no scanner takes them for somebody's. */
const older: typeof written = JSON.parse(
  JSON.stringify(written).replaceAll(/\w+_kl-ks/g, (key) => key.split('').toReversed().join('')),
);
const { keys } = older;
const item = z.catchall(z.object({ pk: z.string() }), z.unknown());

/** A service of this release over what the older one has left. */
async function upgraded() {
  const service = await startedService({}, { random: seededRandom('upgraded') });
  const { table, secrets, trail, clock } = service;
  clock.advance(Date.parse(older.now) - clock.now().getTime());
  const arns = new Map<string, string>();
  for (const { name, arn, tags, versions, deletedAt } of older.secrets) {
    const [first, ...later] = versions;
    if (first === undefined) throw new Error('A secret has a version');
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const born = { Name: name, SecretString: first.value, ClientRequestToken: first.id, Tags };
    arns.set(arn, secrets.service.createSecret(born).ARN);
    for (const { id, value } of later) {
      secrets.service.putSecretValue({
        SecretId: name,
        SecretString: value,
        ClientRequestToken: id,
      });
    }
    if (deletedAt !== null) {
      secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
    }
  }
  const withArns = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, member: unknown) =>
      typeof member === 'string' ? (arns.get(member) ?? member) : member,
    );
  for (const stored of older.items) table.putItem(item.parse(withArns(stored)));
  for (const stored of older.idempotency) {
    table.records.set(stored.id, idempotencyRecord.parse(stored));
  }
  for (const record of older.audit) await trail.append(auditRecord.parse(record));
  // What the older release has done is in the trail: its readers are through.
  table.stream.splice(0);
  return service;
}

const live = ['plain', 'nameless', 'unmirrored', 'expiring', 'overlapping', 'renamed'] as const;
const openSteps = ['open-regenerate', 'open-rename', 'open-delete'] as const;

describe('what an older release has left', () => {
  it.each(live)('lets the live key in and shows it: %s', async (name) => {
    const service = await upgraded();
    const { key, keyId } = keys[name];
    expect(await isLetIn(service, key)).toBe(true);
    const { body } = await service.asAdmin({ method: 'GET', path: `/key/info?key=${keyId}` });
    expect(body.info).toMatchObject({ key_id: keyId, status: 'active' });
    expect(await atRest(service)).toEqual([]);
  });

  it('keeps shut what was shut', async () => {
    const service = await upgraded();
    for (const [name, says] of [
      ['blocked', /blocked/],
      ['deleted', /deleted/],
    ] as const) {
      const headers = { authorization: `Bearer ${keys[name].key}` };
      const { status, body } = await service.send({ method: 'GET', path: '/key/info', headers });
      expect([status, body.error.message]).toEqual([401, expect.stringMatching(says)]);
    }
  });

  it('ends a grace period when it was to end', async () => {
    const service = await upgraded();
    const { key, former } = keys.overlapping;
    expect(await isLetIn(service, former)).toBe(true);
    service.clock.advance(6 * 86_400_000);
    expect(await isLetIn(service, former)).toBe(false);
    expect(await isLetIn(service, key)).toBe(true);
    await service.repair();
    expect(rowOf(service, keys.overlapping.keyId).prev).toBeNull();
  });

  it.each(openSteps)('closes the step that was open, by its handler or not: %s', async (name) => {
    const service = await upgraded();
    const { keyId } = keys[name];
    expect(rowOf(service, keyId).intent).not.toBeNull();
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, keyId).intent).toBeNull();
  });

  it.each(live)('lets every operation work on the key: %s', async (name) => {
    const service = await upgraded();
    const { keyId } = keys[name];
    const change = (path: string, more: object = {}) =>
      ask(service, { path, body: { key: keyId, ...more } });
    const answers = [
      await change('/key/update', { tpm_limit: 7, metadata: { tier: 2 } }),
      await change('/key/regenerate', { grace_period: '1h' }),
      await change('/key/update', { key_alias: `${name}-moved` }),
      await change('/key/block'),
      await change('/key/unblock'),
      await ask(service, { path: `/key/${keyId}/reset_spend`, body: { reset_to: 0 } }),
      await ask(service, { path: '/key/delete', body: { keys: [keyId] } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await atRest(service)).toEqual([]);
  });

  it('gives a freed alias to a new key, with the secret in its deletion window', async () => {
    const service = await upgraded();
    const { status, body } = await service.generate({ key_alias: 'deleted' });
    expect(status).toBe(200);
    expect(service.secrets.current('litellm/deleted')).toBe(body.key);
    expect(await atRest(service)).toEqual([]);
  });

  it('tells a repeat the answer of then', async () => {
    const service = await upgraded();
    const { status, body } = await ask(service, {
      path: '/key/generate',
      body: { key_alias: 'repeated' },
      headers: { 'idempotency-key': 'once' },
    });
    expect([status, body.key]).toEqual([200, keys.repeated.key]);
  });

  it('lists every live key', async () => {
    const service = await upgraded();
    const { body } = await service.asAdmin({ method: 'GET', path: '/key/list?size=100' });
    const listed = new Set(body.keys);
    for (const name of live) expect(listed).toContain(rowOf(service, keys[name].keyId).cur.hash);
  });

  it('reminds of an expiry, of which that release knew nothing', async () => {
    const service = await upgraded();
    await ask(service, {
      path: '/key/update',
      body: { key: keys.expiring.keyId, user_email: 'ada@example.com' },
    });
    for (let day = 0; day < 31; day += 1) {
      service.clock.advance(86_400_000);
      await service.repair();
    }
    await service.deliver();
    const subjects = service.mailer.inbox.map(({ subject }) => subject);
    expect(subjects.some((subject) => /expires/i.test(subject))).toBe(true);
  });
});
