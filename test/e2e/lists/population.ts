/**
 * Keys, aliases and audit records in any number, such that a page of either is the same whatever the
 * number: one birth and one change a second, dealt out to an index's partitions in turn.
 */

import { auditItem } from '../../../lambdas/shared/adapters/table/audit-table.ts';
import type { Item } from '../../../lambdas/shared/adapters/table/items.ts';
import { leaseItem, pointerItem, rowItem } from '../../../lambdas/shared/adapters/table/items.ts';
import { shardOf } from '../../../lambdas/shared/adapters/table/keys.ts';
import { adminRow } from '../../../lambdas/shared/domain/admin-key.ts';
import { type AuditRecord, auditRecordOf } from '../../../lambdas/shared/domain/audit-record.ts';
import { newKey, newKeyId, tokenHash } from '../../../lambdas/shared/domain/key-format.ts';
import type { KeyRow } from '../../../lambdas/shared/domain/key-row.ts';
import type { Randomness } from '../../../lambdas/shared/domain/ports.ts';
import { seededRandom } from '../../fakes/seeded-random.ts';
import { rowWith } from '../../lambdas/fixtures/rows.ts';

export type Population = ReturnType<typeof populationOf>;

/** @param size a multiple of 100 */
export function populationOf(size: number) {
  const random = seededRandom('population');
  const ids = Array.from({ length: size }, (_, n) => idIn(n % 4, random));
  const idOf = (n: number) => ids[n] ?? '';
  const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  const aliasOf = (n: number) => `alias-${String(n).padStart(6, '0')}`;
  /** So many, spread over all. */
  const isOneOf = (count: number, first: number) => (n: number) => n % (size / count) === first;
  const [isAdas, isCores] = [isOneOf(5, 1), isOneOf(20, 2)];
  const [isOfFirst, isByAda, isOfObject] = [isOneOf(20, 0), isOneOf(20, 1), isOneOf(20, 2)];
  const admin = adminRow(
    { name: 'admin', arn: 'arn', versionId: 'version', value: 'sk-admin-of-all-these' },
    'request',
    new Date(at(0)),
    random,
  );
  /** The one key that has a pointer: it is looked up by its hash. */
  const middle = size / 2;
  const caller = newKey(idOf(0), random.bytes);

  const valueOf = (n: number) => (n === 0 ? caller : `sk-number-${n}`);
  const rowOf = (n: number): KeyRow => {
    const hash = tokenHash(valueOf(n));
    return rowWith({
      keyId: idOf(n),
      cur: { hash, ver: null },
      alias: aliasOf(n),
      key: {
        token: hash,
        key_alias: aliasOf(n),
        created_at: at(n),
        user_role: n === 0 ? 'proxy_admin' : undefined,
        user_id: isAdas(n) ? 'ada' : `user-${n % 97}`,
        team_id: isCores(n) ? 'core' : `team-${n % 89}`,
      },
    });
  };
  /** One of each key, but twenty of the first. */
  const recordOf = (n: number): AuditRecord => {
    const record = auditRecordOf(null, rowOf(n));
    if (record === null) throw new Error('This change leaves no record');
    const [key_id, seq] = isOfFirst(n) ? [idOf(0), (n * 20) / size + 1] : [idOf(n), 1];
    return {
      ...record,
      id: `${key_id}_${seq}`,
      key_id,
      seq,
      at: at(n),
      changed_by: isByAda(n) ? 'ada' : `user-${n % 97}`,
      object_id: isOfObject(n) ? 'object' : record.object_id,
    };
  };
  const leaseOf = (n: number) =>
    leaseItem({
      alias: aliasOf(n),
      state: 'held',
      keyId: idOf(n),
      secretName: null,
      secretArn: null,
      deletedAt: null,
      rev: 1,
    });

  function* keyItems(): Generator<Item> {
    yield rowItem(admin);
    for (let n = 0; n < size; n += 1) {
      yield rowItem(rowOf(n));
      yield leaseOf(n);
    }
    yield pointerItem({ hash: tokenHash(valueOf(middle)), keyId: idOf(middle) });
  }
  function* auditItems(): Generator<Item> {
    for (let n = 0; n < size; n += 1) yield auditItem(recordOf(n));
  }
  return {
    size,
    middle,
    admin,
    caller,
    idOf,
    aliasOf,
    at,
    rowOf,
    recordOf,
    isAdas,
    isCores,
    isOfFirst,
    isByAda,
    isOfObject,
    keyItems,
    auditItems,
  };
}

function idIn(shard: number, random: Randomness): string {
  const id = newKeyId(random.bytes);
  return shardOf(id) === shard ? id : idIn(shard, random);
}
