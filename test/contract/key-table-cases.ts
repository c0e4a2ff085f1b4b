import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AliasLease, KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { MailSwitches } from '../../lambdas/shared/domain/mail-switches.ts';
import type { Delivery, NoticeState } from '../../lambdas/shared/domain/notice.ts';
import type {
  KeyRef,
  KeyTable,
  KeyWrite,
  Notice,
  Wanted,
} from '../../lambdas/shared/domain/ports.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import type { Suite } from './suite.ts';

const limitMs = 5000;
const now = new Date('2026-11-25T13:50:00.000Z');
const nowSeconds = now.getTime() / 1000;

/** Ids and hashes that no other case has. */
const unique = () => randomUUID().replaceAll('-', '');
/** It names no secret, so that no reconciler looks after one. */
const newRow = ({ key, ...changes }: Parameters<typeof rowWith>[0] = {}): KeyRow =>
  rowWith({
    keyId: unique(),
    cur: { hash: unique(), ver: null },
    secretName: null,
    secretArn: null,
    key: { user_role: 'internal_user', ...key },
    ...changes,
  });
const leaseWith = (changes: Partial<AliasLease> = {}): AliasLease => ({
  alias: `alias/${unique()}`,
  state: 'held',
  keyId: unique(),
  secretName: 'litellm/a',
  secretArn: null,
  deletedAt: null,
  rev: 1,
  ...changes,
});
const recordIdOf = (keyId: string) => `record-of-${keyId}`;
const recordWith = (changes: { id?: string; ttl?: number; eventId?: string } = {}) => ({
  id: unique(),
  requestHash: 'request',
  eventId: 'event',
  keyId: 'key',
  hash: 'hash',
  answer: '{}',
  ttl: nowSeconds + 60,
  ...changes,
});
const pointerTo = ({ keyId, cur: { hash } }: KeyRow): KeyWrite => ({
  kind: 'create-pointer',
  pointer: { hash, keyId },
});

const noticeOf = (keyId: string, changes: Partial<Notice> = {}): Notice => ({
  id: unique(),
  keyId,
  event: 'key_created',
  rev: 1,
  ...changes,
});
const deliveryTo = (state: NoticeState, reason?: string): Delivery => ({
  state,
  at: now.toISOString(),
  ...(reason === undefined ? {} : { reason }),
});
const switchesAt = (rev: number, enabled = {}): MailSwitches => ({
  enabled,
  rev,
  at: now.toISOString(),
  by: 'k',
});

const freeing = ({ alias, keyId }: AliasLease) => ({ kind: 'free-lease', alias, keyId }) as const;

/** The keys' table as operations and protocol use it. */
export const keyTableCases = (make: () => KeyTable) => {
  const load = (wanted: Wanted) => make().load(wanted, limitMs);
  const rowOf = async (target: KeyRef) => (await load({ target })).target;
  const leaseOf = async (alias: string) => (await load({ alias })).alias;
  const recordOf = async (id: string) =>
    (await load({ caller: { keyId: 'nobody' }, recordIdOf: () => id })).record;
  const commit = (writes: readonly KeyWrite[], token: string = randomUUID()) =>
    make().commit(writes, token, limitMs);
  const committed = { kind: 'committed' };
  /** A row that is there, with its pointer. */
  const existing = async (changes: Parameters<typeof rowWith>[0] = {}) => {
    const row = newRow(changes);
    expect(await commit([{ kind: 'create-row', row }, pointerTo(row)])).toEqual(committed);
    return row;
  };

  const showing = (notice: Notice, to: Delivery): KeyWrite => ({ kind: 'show-notice', notice, to });
  const advancing = (notice: Notice, to: Delivery): KeyWrite => ({
    kind: 'advance-notice',
    notice,
    to,
  });
  const shownOf = async (keyId: string) => (await load({ target: { keyId }, notice: true })).notice;

  return ({ describe }: Suite): void => {
    describe('a notice', ({ test }) => {
      test('is found with the target, however that is named, else with the caller', async () => {
        const [caller, target] = [await existing(), await existing()];
        const [of, to] = [noticeOf(target.keyId), deliveryTo('bounced', 'Permanent')];
        const { state, at } = to;
        await commit([showing(of, to), showing(noticeOf(caller.keyId), deliveryTo('sent'))]);
        const found = { ...of, state, at, reason: 'Permanent' };
        for (const named of [{ keyId: target.keyId }, { hash: target.cur.hash }]) {
          for (const by of [{ keyId: caller.keyId }, { hash: caller.cur.hash }]) {
            expect(await load({ caller: by, target: named, notice: true })).toMatchObject({
              caller,
              target,
              notice: found,
            });
            expect(await load({ caller: by, notice: true })).toMatchObject({
              caller,
              notice: { keyId: caller.keyId, state: 'sent', reason: null },
            });
            expect(await load({ caller: by, target: named })).toMatchObject({ notice: null });
          }
        }
        expect(await shownOf(unique())).toBeNull();
      });

      test('is shown only forwards, and never over that of a later write', async () => {
        const keyId = unique();
        const first = noticeOf(keyId);
        const later = noticeOf(keyId, { rev: 2 });
        expect(await commit([showing(first, deliveryTo('delivered'))])).toEqual(committed);
        const refused = { kind: 'refused', failed: [0] };
        expect(await commit([showing(first, deliveryTo('sent'))])).toEqual(refused);
        expect(await commit([showing(first, deliveryTo('bounced'))])).toEqual(committed);
        expect(await commit([showing(first, deliveryTo('bounced'))])).toEqual(refused);
        expect(await commit([showing(later, deliveryTo('sending'))])).toEqual(committed);
        expect(await commit([showing(first, deliveryTo('complained'))])).toEqual(refused);
        expect(await shownOf(keyId)).toMatchObject({ id: later.id, state: 'sending' });
      });

      test('that is not there is not made', async () => {
        const writes = [advancing(noticeOf(unique()), deliveryTo('bounced'))];
        expect(await commit(writes)).toEqual({ kind: 'refused', failed: [0] });
      });

      test('is refused with its row, or written with it', async () => {
        const row = await existing();
        const notice = noticeOf(row.keyId);
        const to = deliveryTo('bounced');
        const next = { ...row, rev: row.rev + 1 };
        const writes = [{ kind: 'replace-row', row: next } as const, advancing(notice, to)];
        expect(await commit(writes)).toEqual({ kind: 'refused', failed: [1] });
        expect(await rowOf({ keyId: row.keyId })).toEqual(row);
      });
    });

    describe('the mail switches', ({ test }) => {
      test('are written only over those that were read', async () => {
        const { mailSwitches: before } = await load({ mailSwitches: true });
        const rev = (before?.rev ?? 0) + 1;
        const next = switchesAt(rev, { 'Virtual Key Created': false });
        const put = (switches: MailSwitches) => commit([{ kind: 'put-mail-switches', switches }]);
        expect(await put(next)).toEqual(committed);
        expect(await put(next)).toEqual({ kind: 'refused', failed: [0] });
        expect(await load({ caller: { keyId: unique() }, mailSwitches: true })).toMatchObject({
          mailSwitches: next,
        });
        expect(await put(switchesAt(rev + 1))).toEqual(committed);
        expect((await load({ mailSwitches: true })).mailSwitches).toEqual(switchesAt(rev + 1));
      });
    });

    describe('load', ({ test }) => {
      test('finds nothing where nothing is, and asks for nothing where nothing is wanted', async () => {
        const none = {
          caller: null,
          target: null,
          targets: [],
          alias: null,
          record: null,
          notice: null,
          mailSwitches: null,
        };
        expect(await load({})).toEqual(none);
        const wanted = { caller: { keyId: unique() }, target: { hash: unique() }, alias: unique() };
        expect(await load({ ...wanted, recordIdOf: () => unique() })).toEqual(none);
      });

      test('finds a row by key id and by hash', async () => {
        const row = await existing();
        expect(await rowOf({ keyId: row.keyId })).toEqual(row);
        expect(await rowOf({ hash: row.cur.hash })).toEqual(row);
      });

      test('finds caller, target and alias at once, each by what names it', async () => {
        const [caller, target] = [await existing(), await existing()];
        const lease = leaseWith();
        await commit([{ kind: 'put-lease', lease }]);
        const found = await load({
          caller: { hash: caller.cur.hash },
          target: { keyId: target.keyId },
          alias: lease.alias,
        });
        expect(found).toMatchObject({ caller, target, targets: [], alias: lease, record: null });
      });

      test('finds one row twice where caller and target are the same', async () => {
        const row = await existing();
        const [byId, byHash] = [{ keyId: row.keyId }, { hash: row.cur.hash }];
        for (const [caller, target] of [
          [byId, byId],
          [byHash, byHash],
          [byHash, byId],
          [byId, byHash],
        ] as const) {
          expect(await load({ caller, target })).toMatchObject({ caller: row, target: row });
        }
      });

      test('finds a caller even where the target is unknown, and the other way round', async () => {
        const row = await existing();
        const [known, unknown] = [{ hash: row.cur.hash }, { hash: unique() }];
        expect(await load({ caller: known, target: unknown })).toMatchObject({
          caller: row,
          target: null,
        });
        expect(await load({ caller: unknown, target: known })).toMatchObject({
          caller: null,
          target: row,
        });
      });

      test('finds nothing by a pointer whose row is not there', async () => {
        const row = newRow();
        await commit([pointerTo(row)]);
        expect(await rowOf({ hash: row.cur.hash })).toBeNull();
      });

      test('finds a record by the id that depends on the caller, named by id or hash', async () => {
        const row = await existing();
        const record = recordWith({ id: `record-of-${row.keyId}` });
        await commit([{ kind: 'create-record', record, now }]);
        for (const caller of [{ keyId: row.keyId }, { hash: row.cur.hash }]) {
          expect(await load({ caller, recordIdOf })).toMatchObject({ caller: row, record });
        }
        expect((await load({ recordIdOf })).record).toBeNull();
        expect((await load({ caller: { hash: unique() }, recordIdOf })).record).toBeNull();
      });

      test('finds the row behind an alias that is held, and none behind one that is free', async () => {
        const row = await existing();
        const lease = leaseWith({ keyId: row.keyId });
        await commit([{ kind: 'put-lease', lease }]);
        const target = { alias: lease.alias };
        expect((await load({ target })).target).toEqual(row);
        expect(await load({ target, alias: lease.alias })).toMatchObject({
          target: row,
          alias: lease,
        });
        await commit([{ ...freeing(lease), deletedAt: null }]);
        expect((await load({ target })).target).toBeNull();
        expect((await load({ target: { alias: unique() } })).target).toBeNull();
      });

      test('finds nothing behind an alias whose row is not there', async () => {
        const lease = leaseWith();
        await commit([{ kind: 'put-lease', lease }]);
        expect((await load({ target: { alias: lease.alias } })).target).toBeNull();
      });

      test('finds many targets in their order, by id, hash and alias, unknown and repeated ones too', async () => {
        const [one, two, three] = [await existing(), await existing(), await existing()];
        const lease = leaseWith({ keyId: three.keyId });
        await commit([{ kind: 'put-lease', lease }]);
        const targets = [
          { alias: lease.alias },
          { hash: unique() },
          { hash: two.cur.hash },
          { keyId: one.keyId },
          { alias: unique() },
          { keyId: unique() },
          { keyId: two.keyId },
          { keyId: three.keyId },
        ];
        const caller = { hash: one.cur.hash };
        const found = await load({ caller, targets });
        expect(found.caller).toEqual(one);
        expect(found.targets).toEqual([three, null, two, one, null, null, two, three]);
      });

      test('finds more targets than one batch takes, and the record beside them', async () => {
        const rows = Array.from({ length: 60 }, () => newRow());
        await commit(rows.flatMap((row) => [{ kind: 'create-row', row } as const]));
        await commit(rows.map(pointerTo));
        const record = recordWith({ id: `record-of-${rows[0]?.keyId}` });
        await commit([{ kind: 'create-record', record, now }]);
        const targets = rows.flatMap(({ keyId, cur: { hash } }) => [{ hash }, { keyId }]);
        const caller = { keyId: rows[0]?.keyId ?? '' };
        const found = await load({ caller, targets, recordIdOf });
        expect(found.targets.map((row) => row?.keyId)).toEqual(
          rows.flatMap(({ keyId }) => [keyId, keyId]),
        );
        expect(found.record).toEqual(record);
      });

      test('without time is unavailable', async () => {
        await expect(make().load({ alias: 'a' }, 0)).rejects.toMatchObject({ kind: 'unavailable' });
      });
    });

    describe('commit', ({ test }) => {
      test('creates a row and a pointer only where there is none', async () => {
        const row = await existing();
        const other = { ...row, alias: 'other' };
        expect(await commit([{ kind: 'create-row', row: other }])).toEqual({
          kind: 'refused',
          failed: [0],
        });
        expect(await commit([pointerTo({ ...row, keyId: unique() })])).toEqual({
          kind: 'refused',
          failed: [0],
        });
        expect(await rowOf({ hash: row.cur.hash })).toEqual(row);
      });

      test('replaces a row only over the one that was read', async () => {
        const row = await existing();
        const second = { ...row, rev: row.rev + 1, blocked: true };
        expect(await commit([{ kind: 'replace-row', row: second }])).toEqual(committed);
        expect(await commit([{ kind: 'replace-row', row: { ...second, alias: 'late' } }])).toEqual({
          kind: 'refused',
          failed: [0],
        });
        const missing = newRow({ rev: 2 });
        expect(await commit([{ kind: 'replace-row', row: missing }])).toEqual({
          kind: 'refused',
          failed: [0],
        });
        expect(await rowOf({ keyId: row.keyId })).toEqual(second);
      });

      test('replaces a row once, whatever number of writers read it', async () => {
        const row = await existing();
        const outcomes = await Promise.all(
          Array.from({ length: 5 }, (_, index) =>
            commit([
              { kind: 'replace-row', row: { ...row, rev: row.rev + 1, alias: `a${index}` } },
            ]),
          ),
        );
        expect(outcomes.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
      });

      test('puts a lease where there is none or as it was read, and frees it', async () => {
        const lease = leaseWith();
        expect(await commit([{ kind: 'put-lease', lease }])).toEqual(committed);
        expect(await commit([{ kind: 'put-lease', lease }])).toEqual({
          kind: 'refused',
          failed: [0],
        });
        const free = { ...lease, state: 'free', rev: 2 } as const;
        expect(await commit([{ kind: 'put-lease', lease: free }])).toEqual(committed);
        expect(await leaseOf(lease.alias)).toEqual(free);
        expect(await commit([{ kind: 'put-lease', lease: { ...free, keyId: 'late' } }])).toEqual({
          kind: 'refused',
          failed: [0],
        });
      });

      test('frees a lease of its holder, and keeps the rest of it', async () => {
        const deletedAt = '2026-11-25T13:00:00.000Z';
        const lease = leaseWith({ secretArn: 'arn', deletedAt });
        await commit([{ kind: 'put-lease', lease: { ...lease, rev: 1 } }]);
        // Whoever frees it need not know that it has been written to since it was taken.
        await commit([{ kind: 'put-lease', lease: { ...lease, rev: 2 } }]);
        expect(await commit([{ ...freeing(lease), deletedAt: null }])).toEqual(committed);
        expect(await leaseOf(lease.alias)).toEqual({ ...lease, state: 'free', rev: 3 });
      });

      test('notes with a freed lease when its secret was scheduled for deletion', async () => {
        const lease = leaseWith();
        await commit([{ kind: 'put-lease', lease }]);
        const deletedAt = '2026-11-25T13:50:00.000Z';
        expect(await commit([{ ...freeing(lease), deletedAt }])).toEqual(committed);
        expect(await leaseOf(lease.alias)).toEqual({ ...lease, state: 'free', rev: 2, deletedAt });
        const taken = { ...lease, keyId: unique(), rev: 3, deletedAt };
        expect(await commit([{ kind: 'put-lease', lease: taken }])).toEqual(committed);
      });

      test('keeps with a freed lease how often its holder had stored a value', async () => {
        const lease = leaseWith();
        await commit([{ kind: 'put-lease', lease }]);
        const stores = { day: '2026-11-25', count: 3 };
        expect(await commit([{ ...freeing(lease), deletedAt: null, stores }])).toEqual(committed);
        expect(await leaseOf(lease.alias)).toEqual({ ...lease, state: 'free', rev: 2, stores });
      });

      test('frees no lease of another key, none that is free, and none that is not there', async () => {
        const lease = leaseWith();
        await commit([{ kind: 'put-lease', lease }]);
        const refused = { kind: 'refused', failed: [0] };
        const others = { ...freeing(lease), keyId: unique(), deletedAt: null };
        expect(await commit([others])).toEqual(refused);
        expect(await leaseOf(lease.alias)).toEqual(lease);
        await commit([{ ...freeing(lease), deletedAt: null }]);
        const free = await leaseOf(lease.alias);
        expect(await commit([{ ...freeing(lease), deletedAt: null }])).toEqual(refused);
        expect(await leaseOf(lease.alias)).toEqual(free);
        const absent = leaseWith();
        expect(await commit([{ ...freeing(absent), deletedAt: null }])).toEqual(refused);
        expect(await leaseOf(absent.alias)).toBeNull();
      });

      test('frees a lease together with the row, or neither', async () => {
        const row = await existing();
        const lease = leaseWith({ keyId: row.keyId });
        await commit([{ kind: 'put-lease', lease }]);
        const next = { ...row, rev: row.rev + 1 };
        const others = { ...freeing(lease), keyId: unique(), deletedAt: null };
        expect(await commit([{ kind: 'replace-row', row: next }, others])).toEqual({
          kind: 'refused',
          failed: [1],
        });
        expect(await rowOf({ keyId: row.keyId })).toEqual(row);
        const own = { ...freeing(lease), deletedAt: null };
        expect(await commit([{ kind: 'replace-row', row: next }, own])).toEqual(committed);
        expect((await leaseOf(lease.alias))?.state).toBe('free');
      });

      test('has a pointer removed some day, which leads to its key until then', async () => {
        const row = await existing();
        const { keyId, cur } = row;
        const ttl = Math.floor(Date.now() / 1000) + 86_400;
        const expiring = {
          kind: 'expire-pointer',
          pointer: { hash: cur.hash, keyId, ttl },
        } as const;
        expect(await commit([expiring])).toEqual(committed);
        expect(await rowOf({ hash: cur.hash })).toEqual(row);
        expect(await commit([pointerTo(row)])).toEqual({ kind: 'refused', failed: [0] });
        expect(await commit([expiring])).toEqual(committed);
      });

      test('takes a pointer and a record away, there or not', async () => {
        const row = await existing();
        const record = recordWith();
        await commit([{ kind: 'create-record', record, now }]);
        const removal: readonly KeyWrite[] = [
          { kind: 'delete-pointer', hash: row.cur.hash },
          { kind: 'delete-record', id: record.id },
        ];
        expect(await commit(removal)).toEqual(committed);
        expect(await rowOf({ hash: row.cur.hash })).toBeNull();
        expect(await rowOf({ keyId: row.keyId })).toEqual(row);
        expect(await recordOf(record.id)).toBeNull();
        expect(await commit(removal)).toEqual(committed);
        for (const write of removal) expect(await commit([write])).toEqual(committed);
      });

      test('creates a record where there is none or an expired one', async () => {
        const record = recordWith();
        expect(await commit([{ kind: 'create-record', record, now }])).toEqual(committed);
        expect(await recordOf(record.id)).toEqual(record);
        const next = { ...record, eventId: 'next', ttl: nowSeconds + 120 };
        const justBefore = new Date(record.ttl * 1000 - 1);
        expect(await commit([{ kind: 'create-record', record: next, now: justBefore }])).toEqual({
          kind: 'refused',
          failed: [0],
        });
        const atEnd = new Date(record.ttl * 1000);
        expect(await commit([{ kind: 'create-record', record: next, now: atEnd }])).toEqual(
          committed,
        );
        expect(await recordOf(record.id)).toEqual(next);
      });

      test('writes all or nothing, and tells which conditions failed', async () => {
        const [taken, fresh] = [await existing(), newRow()];
        const held = leaseWith();
        await commit([{ kind: 'put-lease', lease: held }]);
        const record = recordWith();
        const outcome = await commit([
          { kind: 'create-row', row: fresh },
          { kind: 'create-pointer', pointer: { hash: taken.cur.hash, keyId: fresh.keyId } },
          { kind: 'put-lease', lease: { ...held, keyId: fresh.keyId } },
          { kind: 'create-record', record, now },
        ]);
        expect(outcome).toEqual({ kind: 'refused', failed: [1, 2] });
        expect(await rowOf({ keyId: fresh.keyId })).toBeNull();
        expect(await rowOf({ hash: taken.cur.hash })).toEqual(taken);
        expect(await leaseOf(held.alias)).toEqual(held);
        expect(await recordOf(record.id)).toBeNull();
      });

      test('repeated with its token is a success that changes nothing further', async () => {
        const [row, token] = [newRow(), randomUUID()];
        const writes: readonly KeyWrite[] = [{ kind: 'create-row', row }, pointerTo(row)];
        expect(await commit(writes, token)).toEqual(committed);
        const later = { ...row, rev: row.rev + 1, blocked: true };
        await commit([{ kind: 'replace-row', row: later }]);
        expect(await commit(writes, token)).toEqual(committed);
        expect(await rowOf({ keyId: row.keyId })).toEqual(later);
      });

      test('repeated with its token and other content is an error, without effect', async () => {
        const [row, token] = [newRow(), randomUUID()];
        await commit([{ kind: 'create-row', row }, pointerTo(row)], token);
        const other = newRow();
        await expect(
          commit([{ kind: 'create-row', row: other }, pointerTo(other)], token),
        ).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' });
        expect(await rowOf({ keyId: other.keyId })).toBeNull();
      });

      test('refused with its token is tried anew with it', async () => {
        const [row, token] = [newRow(), randomUUID()];
        const replacement = { ...row, rev: row.rev + 1 };
        const writes: readonly KeyWrite[] = [
          { kind: 'replace-row', row: replacement },
          pointerTo(row),
        ];
        expect(await commit(writes, token)).toEqual({ kind: 'refused', failed: [0] });
        await commit([{ kind: 'create-row', row }]);
        expect(await commit(writes, token)).toEqual(committed);
        expect(await rowOf({ keyId: row.keyId })).toEqual(replacement);
      });

      test('without time is not sent', async () => {
        const row = newRow();
        const unsent = await make().commit([{ kind: 'create-row', row }], randomUUID(), 0);
        expect(unsent).toEqual({ kind: 'unanswered' });
        expect(await rowOf({ keyId: row.keyId })).toBeNull();
      });

      test('takes a hundred writes', async () => {
        const rows = Array.from({ length: 100 }, () => newRow());
        expect(await commit(rows.map(pointerTo))).toEqual(committed);
      });

      const refusals: readonly [string, () => readonly KeyWrite[]][] = [
        ['no writes', () => []],
        ['101 writes', () => Array.from({ length: 101 }, () => pointerTo(newRow()))],
        [
          'two writes of one item',
          () => {
            const row = newRow();
            return [
              { kind: 'create-row', row },
              { kind: 'replace-row', row: { ...row, rev: row.rev + 1 } },
            ];
          },
        ],
      ];
      for (const [what, writes] of refusals) {
        test(`never sends ${what}`, async () => {
          await expect(commit(writes())).rejects.toMatchObject({ name: 'ValidationException' });
        });
      }

      test('refuses a token of 37 characters, and an empty one', async () => {
        for (const token of ['t'.repeat(37), '']) {
          const row = newRow();
          await expect(
            commit([{ kind: 'create-row', row }, pointerTo(row)], token),
          ).rejects.toMatchObject({ name: 'ValidationException' });
          expect(await rowOf({ keyId: row.keyId })).toBeNull();
        }
      });
    });

    describe('a row', ({ test }) => {
      test('keeps attributes that this release does not know', async () => {
        const written = {
          ...newRow(),
          later: { list: [1, 'two', null, { three: true }], none: null },
        };
        await commit([{ kind: 'create-row', row: written }]);
        const read = await rowOf({ keyId: written.keyId });
        expect(read).toEqual(written);
        if (read === null) throw new Error('The row is gone');
        await commit([{ kind: 'replace-row', row: { ...read, rev: read.rev + 1 } }]);
        expect(await rowOf({ keyId: written.keyId })).toEqual({ ...written, rev: written.rev + 1 });
      });

      test('loses members that are undefined, at any depth', async () => {
        const row = newRow({ key: { team_id: undefined, metadata: { a: undefined, b: [] } } });
        await commit([{ kind: 'create-row', row }]);
        const read = await rowOf({ keyId: row.keyId });
        expect(Object.keys(read?.key ?? {})).not.toContain('team_id');
        expect(read?.key.metadata).toStrictEqual({ b: [] });
      });

      test('keeps text and numbers as they are', async () => {
        const metadata = {
          '': undefined,
          empty: '',
          text: 'ключ 🔑 \u0000 \u2028',
          numbers: [0, -1, 0.1, 1e-130, -1.5e-7, Number.MAX_SAFE_INTEGER, 1 / 3],
          nested: { a: { b: { c: [[[{}]]] } } },
        };
        const row = newRow({ key: { metadata } });
        await commit([{ kind: 'create-row', row }]);
        expect((await rowOf({ keyId: row.keyId }))?.key.metadata).toEqual(metadata);
      });

      test('is not shared with who wrote or read it', async () => {
        const metadata = { a: 1 };
        const row = newRow({ key: { metadata } });
        await commit([{ kind: 'create-row', row }]);
        metadata.a = 2;
        const read = await rowOf({ keyId: row.keyId });
        if (read !== null) read.key.metadata['a'] = 3;
        expect((await rowOf({ keyId: row.keyId }))?.key.metadata).toEqual({ a: 1 });
      });

      const unstorable: readonly [string, Parameters<typeof rowWith>[0]][] = [
        ['over 400 kB', { key: { metadata: { x: 'x'.repeat(400 * 1024) } } }],
        ['with a number beyond 2^53', { key: { metadata: { x: 1e126 } } }],
        ['with a number below 1e-130', { key: { metadata: { x: 1e-131 } } }],
        ['with a number that is none', { key: { metadata: { x: Number.NaN } } }],
        ['with a nameless member', { key: { metadata: { '': 'x' } } }],
        ['with an index key of over 2048 bytes', { key: { user_id: 'x'.repeat(2049) } }],
        [
          'nested deeper than 32 levels',
          { key: { metadata: JSON.parse(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`) } },
        ],
      ];
      for (const [what, changes] of unstorable) {
        test(`${what} is refused, alone and in a transaction`, async () => {
          const row = newRow(changes);
          await expect(commit([{ kind: 'create-row', row }])).rejects.toThrow();
          await expect(commit([{ kind: 'create-row', row }, pointerTo(row)])).rejects.toThrow();
          expect(await rowOf({ keyId: row.keyId })).toBeNull();
          expect(await rowOf({ hash: row.cur.hash })).toBeNull();
        });
      }
    });

    describe('countLiveKeys', ({ test }) => {
      test("counts a user's live keys, no further than the bound", async () => {
        const user_id = unique();
        for (let count = 0; count < 3; count += 1) await existing({ key: { user_id } });
        await existing({ key: { user_id }, status: 'deleted' });
        await existing({ key: { user_id: `${user_id}2` } });
        expect(await make().countLiveKeys(user_id, 10, limitMs)).toBe(3);
        expect(await make().countLiveKeys(user_id, 2, limitMs)).toBe(2);
        expect(await make().countLiveKeys(unique(), 2, limitMs)).toBe(0);
      });

      test('follows a key that is deleted or given away', async () => {
        const user_id = unique();
        const [one, two] = [
          await existing({ key: { user_id } }),
          await existing({ key: { user_id } }),
        ];
        const given = { ...one.key, user_id: unique() };
        await commit([{ kind: 'replace-row', row: { ...one, rev: one.rev + 1, key: given } }]);
        await commit([
          { kind: 'replace-row', row: { ...two, rev: two.rev + 1, status: 'deleted' } },
        ]);
        expect(await make().countLiveKeys(user_id, 10, limitMs)).toBe(0);
        expect(await make().countLiveKeys(given.user_id, 10, limitMs)).toBe(1);
      });

      test('without time is unavailable', async () => {
        await expect(make().countLiveKeys('ada', 2, 0)).rejects.toMatchObject({
          kind: 'unavailable',
        });
      });
    });
  };
};
