/** A person erased from rows and trail, over the fakes of a whole service. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { auditItem } from '../../lambdas/shared/adapters/table/audit-table.ts';
import { rowItem } from '../../lambdas/shared/adapters/table/items.ts';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { namesOf } from '../../lambdas/shared/domain/erasure.ts';
import { exportHeads } from '../../scripts/audit/export-heads.ts';
import { exportTrail } from '../../scripts/audit/export-trail.ts';
import { exitCodeOf } from '../../scripts/audit/verification-report.ts';
import { verifyExport } from '../../scripts/audit/verify-export.ts';
import type { ErasableTrail } from '../../scripts/erase/erasable-trail.ts';
import { type EraseRun, type EraseStores, erasePerson } from '../../scripts/erase/erase-person.ts';
import { lineOf, sumOf } from '../../scripts/erase/erase-report.ts';
import { memoryErasableTrail } from '../fakes/memory-erasable-trail.ts';
import { masterKey, type ProcessStores, startedService } from '../fakes/service.ts';
import { cannotRead, type FaultKind, FaultyProcess } from '../faults/fault-port.ts';
import { type CallPort, faultyStores } from '../faults/faulty-stores.ts';
import {
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  rowOf,
  untouched,
} from '../lambdas/fixtures/calls.ts';
import { bringIn } from '../lambdas/fixtures/imports.ts';
import type { Service } from '../lambdas/fixtures/stored.ts';

const userId = 'canary-ada';
const email = 'canary.ada@example.com';
const folder = mkdtempSync(join(tmpdir(), 'latchkey-erase-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const deliveries = new WeakMap<Service, Promise<void>>();
/** One delivery after the other, as of one shard. */
function deliver(service: Service): Promise<void> {
  const next = (deliveries.get(service) ?? Promise.resolve()).then(() => service.deliver());
  deliveries.set(service, next);
  return next;
}

/** With the stream's readers at work while the command waits. */
function storesOf(service: Service, seen: ProcessStores = service.processStores): EraseStores {
  const { random, now } = service;
  const { table, lists } = seen;
  const trail = memoryErasableTrail(service.trail);
  return { table, lists, trail, random, now, pause: () => deliver(service) };
}

async function erasing(service: Service, changes: Partial<EraseRun> = {}) {
  const said: string[] = [];
  const isApplied = changes.isApplied ?? true;
  const erasure = await erasePerson({
    stores: storesOf(service),
    person: { userId, emails: [email] },
    isAudited: true,
    isApplied,
    by: 'ops',
    runId: 'run-1',
    onFound: (found) => said.push(lineOf(found)),
    onLook: () => undefined,
    ...changes,
  });
  return { ...erasure, said: [...said, sumOf(erasure, isApplied)].join('\n') };
}

/** What the tables and their indexes hold. */
const tablesOf = (service: Service): string =>
  JSON.stringify({
    items: [...service.table.items],
    audit: [...service.trail.records.values()].map(auditItem),
    notices: [...service.notices.states],
  });

let exports = 0;
/** Exports the trail as an operator does, and verifies it against the rows' heads. */
async function verified(service: Service) {
  exports += 1;
  const [path, heads] = [join(folder, `${exports}.jsonl`), join(folder, `${exports}.heads.jsonl`)];
  await exportHeads(
    heads,
    async function* () {
      yield service.table.rows().map(({ keyId, seq, chain, event }) => ({
        keyId,
        seq,
        chain,
        event: { at: event.at },
      }));
    },
    service.now,
  );
  await exportTrail(
    path,
    async function* () {
      yield service.table.rows().flatMap(({ keyId }) => service.trail.of(keyId).map(auditItem));
    },
    service.now,
  );
  return verifyExport(path, [heads]);
}

async function expectErased(service: Service, name = ''): Promise<void> {
  await service.deliver();
  expect(tablesOf(service).toLowerCase(), name).not.toContain('canary');
  const verification = await verified(service);
  expect(verification.proof.findings, name).toEqual([]);
  expect(exitCodeOf(verification), name).toBe(0);
  expect(await atRest(service), name).toEqual([]);
}

/** A person who owned keys, was named by others, and changed keys of others. */
async function world() {
  const service = await startedService();
  const own = await issue(service, {
    user_id: userId,
    user_email: email,
    user_role: 'proxy_admin',
    key_alias: 'laptop',
    metadata: { contact: email, note: `made for ${userId}` },
    send_invite_email: true,
  });
  const second = await issue(service, { user_id: userId }, own.key);
  const foreign = await issue(
    service,
    { user_id: 'bob', metadata: { boss: userId, keep: 1 } },
    own.key,
  );
  await ask(service, {
    path: '/key/update',
    key: own.key,
    body: { key: foreign.key_id, tpm_limit: 5 },
  });
  await ask(service, { path: '/key/regenerate', body: { key: own.key_id } });
  const given = await issue(service, { user_id: userId, user_email: email });
  const toBob = { key: given.key_id, user_id: 'bob', user_email: 'bob@example.com' };
  await ask(service, { path: '/key/update', body: toBob });
  const untold = await issue(service, { user_id: 'carol' });
  const asAda = { 'litellm-changed-by': userId };
  await ask(service, { path: '/key/block', body: { key: untold.key_id }, headers: asAda });
  await ask(service, {
    path: '/key/delete',
    headers: asAda,
    body: { keys: [own.key_id, second.key_id] },
  });
  // The named mail of a last change stays on the row until the next one.
  await service.deliver();
  return { service, own, second, foreign, given, untold };
}

describe('erasing a person', () => {
  it('tells where they are, and writes nothing until it is told to', async () => {
    const { service, own, foreign } = await world();
    const dry = await untouched(service, () => erasing(service, { isApplied: false }));
    expect(dry.said).toContain(`${own.key_id}: row`);
    expect(dry.said).toContain(`${foreign.key_id}_1: who, after`);
    expect(dry.said).toContain('--apply does it');
    expect(dry.left).toEqual([]);
    expect(dry.said).not.toContain('canary');
  });

  it('leaves them nowhere in rows, trail and indexes, and the trail proved', async () => {
    const { service, own, foreign, given, untold } = await world();
    const before = service.trail.of(foreign.key_id);
    const done = await erasing(service);
    expect(done.left).toEqual([]);
    expect(done.addresses).toEqual([]);
    await expectErased(service);
    const { proof } = await verified(service);
    expect(proof.redacted.map(({ id }) => id)).toContain(`${own.key_id}_1`);
    // What is not theirs stays.
    const row = rowOf(service, foreign.key_id);
    expect(row.key).toMatchObject({ user_id: 'bob', created_by: 'redacted', tpm_limit: 5 });
    expect(row.key.metadata).toEqual({ boss: 'redacted', keep: 1 });
    expect(await isLetIn(service, foreign.key)).toBe(true);
    expect(rowOf(service, given.key_id).key.user_email).toBe('bob@example.com');
    expect(service.trail.of(given.key_id)[1]?.after).toMatchObject({ user_id: 'bob' });
    expect(rowOf(service, untold.key_id)).toMatchObject({ blocked: true });
    expect(service.trail.of(untold.key_id)[0]?.after).toMatchObject({ user_id: 'carol' });
    expect(
      service.trail
        .of(foreign.key_id)
        .slice(0, 2)
        .map(({ chain }) => chain),
    ).toEqual(before.map(({ chain }) => chain));
    expect(await actionsOf(service, own.key_id)).toEqual([
      'created',
      'rotated',
      'deleted',
      'erased',
    ]);
    expect(service.trail.of(own.key_id).at(-1)).toMatchObject({
      changed_by: 'ops',
      who: { principal: 'erase' },
      before: {},
      after: {},
    });
  });

  it('leaves no salt behind with which they could be guessed', async () => {
    const { service } = await world();
    await service.deliver();
    const salts = [...service.trail.records.values()].flatMap((record) =>
      (['who', 'before', 'after'] as const).flatMap((part) =>
        record.salts[part] && JSON.stringify(record[part]).includes('canary')
          ? [record.salts[part]]
          : [],
      ),
    );
    expect(salts.length).toBeGreaterThan(5);
    await erasing(service);
    for (const salt of salts) expect(tablesOf(service)).not.toContain(salt);
  });

  it('given again changes nothing, and goes on after the keys are changed', async () => {
    const { service, foreign } = await world();
    await erasing(service);
    await service.deliver();
    const again = await untouched(service, () => erasing(service));
    expect(again).toMatchObject({ rows: { active: 0, deleted: 0 }, records: 0, left: [] });
    const changed = await ask(service, {
      path: '/key/update',
      body: { key: foreign.key_id, tpm_limit: 6 },
    });
    expect(changed.status).toBe(200);
    await expectErased(service);
  });

  it('writes nothing while a live key is theirs', async () => {
    const { service } = await world();
    for (const fields of [{ user_id: userId }, { user_email: email.toUpperCase() }]) {
      const live = await issue(service, fields);
      await service.deliver();
      const refused = await untouched(service, () => erasing(service));
      expect(refused.said).toContain(`${live.key_id}: LEFT: It is theirs and live`);
      await service.asAdmin({ path: '/key/delete', body: { keys: [live.key_id] } });
    }
    await service.deliver();
    expect((await erasing(service)).left).toEqual([]);
    await expectErased(service);
  });

  it('names what it leaves: a name in what a live key is or may do, an alias, an open step', async () => {
    const { service } = await world();
    const live = await issue(service, { key_alias: userId, models: [userId] });
    const done = await erasing(service);
    expect(done.said).toContain(`${live.key_id}: LEFT: They are named in key_alias, models, alias`);
    expect(rowOf(service, live.key_id).key).toMatchObject({ models: [userId] });
    service.secrets.trouble('unanswered', 'lost-answer');
    await service.asAdmin({ path: '/key/regenerate', body: { key: live.key_id } });
    expect((await erasing(service)).said).toContain(
      `${live.key_id}: LEFT: They are named in an open step`,
    );
    expect(await atRest(service)).toEqual([]);
  });

  it('says which addresses stand beside the user, and keeps them where they stand alone', async () => {
    const { service } = await world();
    const shared = await issue(service, { user_id: 'bob', user_email: email });
    const done = await erasing(service, { person: { userId, emails: [] } });
    expect(done.addresses).toEqual([email]);
    expect(rowOf(service, shared.key_id).key.user_email).toBe(email);
    expect(tablesOf(service)).not.toContain(userId);
  });

  it('redacts no record that does not verify, and no row whose record is late', async () => {
    const { service, own } = await world();
    const record = service.trail.of(own.key_id)[0];
    service.trail.damaged.set(`${own.key_id}_1`, { ...record, action: 'forged' });
    const stores = { ...storesOf(service), pause: async () => undefined };
    const done = await erasing(service, { stores });
    expect(done.said).toContain(`${own.key_id}_1: LEFT: It does not verify`);
    expect(done.said).toContain(`${own.key_id}_4: LEFT: The trail does not have it yet`);
  });

  it('keeps no hash of what an import gave', async () => {
    const { service } = await world();
    const { keyId } = await bringIn(service, { user_id: userId });
    await service.asAdmin({ path: '/key/delete', body: { keys: [keyId] } });
    expect(rowOf(service, keyId).imported).toBeDefined();
    await erasing(service);
    expect(rowOf(service, keyId).imported).toBeUndefined();
    await expectErased(service);
  });

  it('also takes their names from the admin key', async () => {
    const { service } = await world();
    const row = rowOf(service, 'master');
    const key = { ...row.key, updated_by: userId };
    service.table.putItem({ ...rowItem({ ...row, key }), pk: rowKey('master') });
    await erasing(service);
    expect(rowOf(service, 'master').key.updated_by).toBe('redacted');
    expect(await isLetIn(service, masterKey)).toBe(true);
  });

  it('nobody gets rights by the name that stands for people who were erased', async () => {
    const { service, foreign } = await world();
    await erasing(service);
    await service.asAdmin({
      path: '/key/update',
      body: { key: foreign.key_id, user_id: 'redacted' },
    });
    const caller = await issue(service, { user_id: 'redacted', user_role: 'internal_user' });
    const answer = await ask(service, {
      path: '/key/update',
      key: caller.key,
      body: { key: foreign.key_id, tpm_limit: 7 },
    });
    expect(answer.status).toBe(403);
  });

  it('two at once, and two people at once, come to the same', async () => {
    const { service } = await world();
    await issue(service, { user_id: 'bob', metadata: { by: userId, also: 'canary-eve' } });
    const eve = { userId: 'canary-eve', emails: [] };
    await Promise.all([
      erasing(service),
      erasing(service, { runId: 'run-2' }),
      erasing(service, { runId: 'run-3', person: eve }),
    ]);
    expect((await erasing(service)).left).toEqual([]);
    await erasing(service, { person: eve });
    await expectErased(service);
  });

  it('stopped at any call, and given again, it erases all and the trail verifies', async () => {
    const ran = async (at: number, fault: FaultKind) => {
      const { service } = await world();
      const { clock, settings } = service;
      const lateMs = settings.timing.lateCallSeconds * 1000;
      const process = new FaultyProcess(new Map([[at, fault]]), clock, lateMs);
      const seen = faultyStores(service.processStores, process);
      const trail = faultyTrail(storesOf(service).trail, process);
      const stores = { ...storesOf(service, seen), trail };
      await erasing(service, { stores }).catch(() => undefined);
      const again = await erasing(service);
      const name = `${fault} at ${at}`;
      expect(again.left, name).toEqual([]);
      await clock.pass(lateMs);
      expect((await erasing(service)).left, name).toEqual([]);
      await expectErased(service, name);
      return process.calls;
    };
    const calls = await ran(1000, 'die-before');
    expect(calls).toBeGreaterThan(20);
    for (let at = 1; at <= calls; at += 1) {
      for (const fault of ['die-before', 'die-after', 'error-after', 'late'] as const) {
        await ran(at, fault);
      }
    }
  }, 240_000);
});

/** An id of one word or more, and one that has it as a part. */
const idAndPart = fc
  .record({
    part: fc.stringMatching(/^[a-z0-9]{1,6}([-_.:@+/|][a-z0-9]{1,4})?$/),
    before: fc.stringMatching(/^([a-z0-9]{1,4}[-_.:@+/|]?)?$/),
    after: fc.stringMatching(/^([-_.:@+/|]?[a-z0-9]{1,4})?$/),
  })
  .map(({ part, before, after }) => ({ part, whole: `${before}${part}${after}` }))
  .filter(({ part, whole }) => part !== whole);

/** Keys that are theirs, were theirs, and were made and changed by them, and nobody else's. */
async function worldOf(id: string) {
  const service = await startedService();
  const address = `${id.replaceAll(/[^a-z0-9]/g, '.')}@example.com`;
  const fields = {
    user_id: id,
    user_email: address,
    team_id: id,
    metadata: { boss: id, note: `made for ${id}, and (${id}).`, [id]: [address] },
  };
  const own = await issue(service, { ...fields, user_role: 'proxy_admin' });
  const gone = await issue(service, { ...fields, agent_id: id }, own.key);
  const named = { 'litellm-changed-by': id };
  await ask(service, { path: '/key/block', body: { key: gone.key_id }, headers: named });
  await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] }, headers: named });
  await service.deliver();
  return { service, own, gone, address };
}

describe('somebody else', () => {
  it('is left as they are, whatever their name has in common with that of who is erased', async () => {
    await fc.assert(
      fc.asyncProperty(idAndPart, fc.boolean(), async ({ part, whole }, isWhole) => {
        const [erased, other] = isWhole ? [whole, part] : [part, whole];
        const { service, address } = await worldOf(other);
        const person = {
          userId: erased,
          emails: [`x${address}`, address.slice(1), `${address}.x`],
        };
        const done = await untouched(service, () => erasing(service, { person }));
        expect(done).toMatchObject({ records: 0, left: [], others: [] });
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it.each(['ada', 'b', 'prod', 'internal_user', 'default', 'created', 'revoke', 'spend', 'models'])(
    'is not meant by %s',
    async (erased) => {
      const { service } = await worldOf('ada-b:prod');
      const person = { userId: erased, emails: [] };
      await untouched(service, () => erasing(service, { person }));
    },
  );

  it.each(['ada lovelace', "o'ada", 'ou=ada,dc=example', 'team (ada)'])(
    'who is called %s is not erased from what is theirs',
    async (id) => {
      const service = await startedService();
      const own = await issue(service, { user_id: id, team_id: id, user_role: 'proxy_admin' });
      const gone = await issue(service, { user_id: id, agent_id: id }, own.key);
      await ask(service, { path: '/key/delete', key: own.key, body: { keys: [gone.key_id] } });
      await service.deliver();
      const person = { userId: 'ada', emails: [] };
      await untouched(service, () => erasing(service, { person }));
    },
  );

  it('is named where a row or a record of theirs names the person, and all is counted', async () => {
    const { service, own, gone } = await worldOf('ada-b');
    await ask(service, {
      path: '/key/update',
      body: { key: own.key_id, tpm_limit: 5 },
      headers: { 'litellm-changed-by': 'ada' },
    });
    await service.deliver();
    const person = { userId: 'ada', emails: [] };
    const dry = await untouched(service, () => erasing(service, { person, isApplied: false }));
    expect(dry).toMatchObject({
      rows: { active: 1, deleted: 0 },
      records: 1,
      parts: { who: 1, before: 0, after: 0 },
      others: ['ada-b'],
    });
    expect(dry.said).toContain(
      '1 rows (1 of live keys, 0 of deleted ones) and 1 audit records (who 1, before 0, after 0)',
    );
    expect(dry.said).toContain('Others with keys among these, who stay: "ada-b"');
    await erasing(service, { person });
    expect(rowOf(service, own.key_id).key).toMatchObject({ user_id: 'ada-b', tpm_limit: 5 });
    expect(rowOf(service, gone.key_id).key.user_id).toBe('ada-b');
  });
});

describe('the names of a person', () => {
  const names = namesOf({ userId: 'ada', emails: ['Ada@Example.com'] });
  it('are found in any depth, as words of their own', () => {
    for (const value of [
      'ada',
      'by ada.',
      'ada: yes',
      '(ada)',
      'owner=ada;',
      "ada's",
      { a: [{ ada: 1 }] },
      'to ADA@example.com!',
      '<mailto:ada@example.com>',
    ])
      expect([value, names.inText(value)]).toEqual([value, true]);
  });
  it('are not found where somebody else may be meant', () => {
    for (const value of [
      'canada',
      'ada@elsewhere.com',
      'ada.b',
      'x.ada',
      'Ada',
      7,
      null,
      ['bob'],
      'ada-b',
      'ada_b',
      'ada:prod',
      'svc:ada',
      'ada+x',
      'prod/ada',
      'auth0|ada',
      'ada..b',
      'xada@example.com',
      'x.ada@example.com',
      'x+ada@example.com',
      'ada@example.com.au',
    ])
      expect([value, names.inText(value)]).toEqual([value, false]);
  });
  it('are compared as a whole where a member tells who somebody is', () => {
    for (const [value, isNamed] of [
      ['ada', true],
      ['ADA@example.com', true],
      ['for ada', false],
      ['Ada', false],
      [['ada'], false],
      [undefined, false],
    ] as const)
      expect([value, names.is(value)]).toEqual([value, isNamed]);
  });
  it('may have any characters, and a short one is looked for as a whole only', () => {
    expect(namesOf({ userId: 'auth0|1.(*', emails: [] }).inText('by auth0|1.(*, ok')).toBe(true);
    expect([
      namesOf({ userId: 'a', emails: [] }).inText('a b'),
      namesOf({ userId: 'a', emails: [] }).inText('a'),
    ]).toEqual([false, true]);
    expect(namesOf({ userId: '0', emails: [] }).inText({ list: ['x'] })).toBe(false);
  });
});

const faultyTrail = (trail: ErasableTrail, process: CallPort): ErasableTrail => ({
  async *pages() {
    for await (const page of trail.pages()) {
      yield await process.call('scan', 1000, async () => page, cannotRead, cannotRead);
    }
  },
  has: (place) => process.call('has', 1000, () => trail.has(place), cannotRead, cannotRead),
  redact: (before, after) =>
    process.call('redact', 1000, () => trail.redact(before, after), cannotRead, cannotRead),
});
