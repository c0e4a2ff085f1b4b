/**
 * The sweep: compares each row that has no open step with its secret and opens one where they
 * differ. It looks twice, a stale read apart, before it opens or reports anything, and never lists secrets:
 * names come from the table alone.
 */
import type { Deadline } from '../domain/deadline.ts';
import type { AliasLease, Intent, KeyRow } from '../domain/key-row.ts';
import type { KeyWrite } from '../domain/ports.ts';
import { system } from '../domain/system-event.ts';
import { isOurs, type RepairStores, secondsAfter, versionWith } from './reconcile.ts';

/**
 * - `fine`: row and secret agree, or the row names no secret
 * - `suspected`: they differ; a second look is due
 * - `opened`: they differed twice, a repair is under way
 * - `missing`: a live key's secret is gone, and with it the only copy of its value
 * - `unknown`: Secrets Manager did not tell
 */
export type SweepResult = 'fine' | 'suspected' | 'opened' | 'missing' | 'unknown';

/** Looks at one row. */
export async function sweepRow(
  stores: RepairStores,
  keyId: string,
  requestId: string,
  deadline: Deadline,
): Promise<SweepResult> {
  const { table, now, settings } = stores;
  const { target: row } = await table.load({ target: { keyId } }, deadline.tableLimitMs());
  if (row === null || row.intent !== null) return 'fine';
  const { alias: lease } = await table.load(
    { alias: row.alias ?? undefined },
    deadline.tableLimitMs(),
  );
  const look = await compare(stores, row, lease, deadline);
  // A look that was asked for stays asked for until its time has come: this may be the daily round.
  const later = row.sweepAt !== undefined && row.sweepAt > now().toISOString() ? row.sweepAt : null;
  if (look === 'unknown') {
    // A row that cannot be looked at must not stay at the head of what is due.
    const retryAt = secondsAfter(now(), settings.timing.fenceSeconds);
    const isDue = row.sweepAt !== undefined && later === null;
    if (isDue) await replace(stores, [noted(row, row.suspicion, retryAt)], deadline);
    return look;
  }
  if (look === 'fine') {
    const isOver = row.suspicion !== undefined || (row.sweepAt !== undefined && later === null);
    if (isOver) await replace(stores, [noted(row, undefined, later)], deadline);
    return look;
  }
  const since = row.suspicion?.kind === look ? row.suspicion.at : now().toISOString();
  const secondLookAt = secondsAfter(new Date(since), settings.timing.staleReadSeconds);
  if (secondLookAt > now().toISOString()) {
    const sweepAt = later !== null && later > secondLookAt ? later : secondLookAt;
    await replace(stores, [noted(row, { kind: look, at: since }, sweepAt)], deadline);
    return 'suspected';
  }
  if (look === 'missing') {
    await replace(stores, [noted(row, undefined, later)], deadline);
    return look;
  }
  const writes = opened(row, look, lease, requestId, stores);
  return (await replace(stores, writes, deadline)) ? 'opened' : 'unknown';
}

type Look = 'fine' | 'missing' | 'unknown' | 'restore' | 'cleanup';

async function compare(
  { secrets, settings }: RepairStores,
  row: KeyRow,
  lease: AliasLease | null,
  deadline: Deadline,
): Promise<Look> {
  if (row.secretName === null) return 'fine';
  // The name of a deleted key that another key holds now is that key's business.
  if (row.status === 'deleted' && lease?.state === 'held') return 'fine';
  // A live key's secret by its ARN: another one that somebody made under its name has another.
  const secretId = row.status === 'active' ? (row.secretArn ?? row.secretName) : row.secretName;
  const found = await secrets.describe(secretId, deadline.secretLimitMs());
  if (row.status === 'deleted') {
    if (found.kind === 'absent') return 'fine';
    if (found.kind !== 'done') return 'unknown';
    return !found.isScheduled && isOurs(found, row, settings) ? 'cleanup' : 'fine';
  }
  if (found.kind === 'absent') return 'missing';
  if (found.kind !== 'done') return 'unknown';
  // Somebody else's secret under the name: ours is gone, and theirs is not touched.
  if (!isOurs(found, row, settings)) return 'missing';
  if (found.isScheduled) return 'restore';
  return versionWith(found, 'AWSCURRENT') === row.cur.ver ? 'fine' : 'restore';
}

/** An intent due at once: the sweep is itself a reconciler, so there is no handler to wait for. */
function opened(
  row: KeyRow,
  kind: 'restore' | 'cleanup',
  lease: AliasLease | null,
  requestId: string,
  { random, now }: RepairStores,
): KeyWrite[] {
  const at = now().toISOString();
  const secretName = row.secretName ?? '';
  const restored = row.secretArn ?? secretName;
  const intent: Intent = {
    id: random.uuid(),
    kind,
    claim: 0,
    opened: at,
    at,
    fence: at,
    notify: null,
    hash: row.cur.hash,
    ver: row.cur.ver ?? '',
    newName: kind === 'restore' ? restored : secretName,
    newAlias: null,
    names: kind === 'cleanup' ? [secretName] : [],
    idempotencyId: null,
    who: system,
    request_id: requestId,
  };
  const writes: KeyWrite[] = [
    {
      kind: 'replace-row',
      row: { ...row, rev: row.rev + 1, intent, suspicion: undefined, sweepAt: undefined },
    },
  ];
  // Nobody may take the name while its secret is being removed.
  if (kind === 'cleanup' && lease !== null) {
    const held: AliasLease = { ...lease, state: 'held', keyId: row.keyId, rev: lease.rev + 1 };
    writes.push({ kind: 'put-lease', lease: held });
  }
  return writes;
}

const noted = (row: KeyRow, suspicion: KeyRow['suspicion'], sweepAt: string | null): KeyWrite => ({
  kind: 'replace-row',
  row: { ...row, rev: row.rev + 1, suspicion, sweepAt: sweepAt ?? undefined },
});

async function replace(
  { table, random }: RepairStores,
  writes: readonly KeyWrite[],
  deadline: Deadline,
): Promise<boolean> {
  const outcome = await table.commit(writes, random.uuid(), deadline.tableLimitMs());
  return outcome.kind === 'committed';
}
