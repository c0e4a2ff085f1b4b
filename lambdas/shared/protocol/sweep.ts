/**
 * The sweep: compares each row that has no open step with its secret and opens one where they
 * differ. It looks twice, a stale read apart, before it opens or reports anything, and never lists secrets:
 * names come from the table alone.
 */
import type { Deadline } from '../domain/deadline.ts';
import { isRotationDue } from '../domain/due.ts';
import type { AliasLease, Intent, KeyRow } from '../domain/key-row.ts';
import type { KeyWrite } from '../domain/ports.ts';
import { isMaster } from '../domain/roles.ts';
import { ownerTagsOf } from '../domain/secret-tags.ts';
import { system } from '../domain/system-event.ts';
import { isOurs, type RepairStores, versionWith, write } from './pass.ts';
import { secondsAfter, takeLease } from './writes.ts';

/**
 * - `fine`: row and secret agree, or the row names no secret
 * - `suspected`: they differ; a second look is due
 * - `opened`: they differed twice, a repair is under way
 * - `missing`: a live key's secret is gone, and with it the only copy of its value
 * - `unknown`: Secrets Manager did not tell
 */
export type SweepResult = 'fine' | 'suspected' | 'opened' | 'missing' | 'unknown';

/** Looks at one row as it was just read. */
export async function sweepRow(
  stores: RepairStores,
  row: KeyRow | null,
  requestId: string,
  deadline: Deadline,
): Promise<SweepResult> {
  const { now, settings } = stores;
  if (row === null || row.intent !== null) return 'fine';
  const { look, stray } = await compare(stores, row, deadline);
  // A look that was asked for stays asked for until its time has come: this may be the daily round.
  const later = row.sweepAt !== undefined && row.sweepAt > now().toISOString() ? row.sweepAt : null;
  if (look === 'unknown') {
    // A row that cannot be looked at must not stay at the head of what is due.
    const retryAt = secondsAfter(now(), settings.timing.fenceSeconds);
    const isDue = row.sweepAt !== undefined && later === null;
    if (isDue) await write(stores, [noted(row, row.suspicion, retryAt)], deadline);
    return look;
  }
  if (look === 'fine') {
    const wasAskedFor = row.sweepAt !== undefined && later === null;
    // What a closed step left has been looked at when it was to be.
    const looked = wasAskedFor ? { ...row, leftNames: undefined } : row;
    // A release that rotated nothing did not index it: written anew, it is found.
    const isForgotten = isRotationDue(row, new Date(now().getTime() - 86_400_000));
    if (wasAskedFor || row.suspicion !== undefined || isForgotten) {
      await write(stores, [noted(looked, undefined, later)], deadline);
    }
    return look;
  }
  const since = row.suspicion?.kind === look ? row.suspicion.at : now().toISOString();
  const secondLookAt = secondsAfter(new Date(since), settings.timing.staleReadSeconds);
  if (secondLookAt > now().toISOString()) {
    const sweepAt = later !== null && later > secondLookAt ? later : secondLookAt;
    await write(stores, [noted(row, { kind: look, at: since }, sweepAt)], deadline);
    return 'suspected';
  }
  if (look === 'missing') {
    await write(stores, [noted(row, undefined, later)], deadline);
    return look;
  }
  const writes = opened(row, look, stray, requestId, stores);
  return (await write(stores, writes, deadline)) ? 'opened' : 'unknown';
}

type Look = 'fine' | 'missing' | 'unknown' | 'restore' | 'cleanup';

/** A name under which a secret of the key must not be, with the lease of its alias. */
interface Stray {
  readonly name: string;
  readonly lease: AliasLease | null;
}

interface Compared {
  readonly look: Look;
  /** Set where it is to be cleaned up. */
  readonly stray?: Stray;
}

async function compare(stores: RepairStores, row: KeyRow, deadline: Deadline): Promise<Compared> {
  const { status, secretName, alias, leftNames = [] } = row;
  const own = secretName === null ? [] : [{ name: secretName, alias }];
  const left = leftNames.filter(({ name }) => name !== secretName);
  for (const { name, alias: of } of [...(status === 'deleted' ? own : []), ...left]) {
    const found = await strayUnder(stores, row, name, of, deadline);
    if (found.look !== 'fine') return found;
  }
  if (status === 'deleted' || secretName === null) return { look: 'fine' };
  return { look: await ownSecret(stores, row, row.secretArn ?? secretName, deadline) };
}

/** Whether a secret of the key is live under a name that it has no more. */
async function strayUnder(
  { table, secrets, settings }: RepairStores,
  row: KeyRow,
  name: string,
  alias: string | null,
  deadline: Deadline,
): Promise<Compared> {
  const wanted = { alias: alias ?? undefined };
  const { alias: lease } = await table.load(wanted, deadline.tableLimitMs());
  // A name that another key holds now is that key's business; one of its own a key without secret has.
  if (lease?.state === 'held' && lease.keyId !== row.keyId) return { look: 'fine' };
  const found = await secrets.describe(name, deadline.secretLimitMs());
  if (found.kind === 'absent') return { look: 'fine' };
  if (found.kind !== 'done') return { look: 'unknown' };
  const isStray = !found.isScheduled && isOurs(found, row, settings);
  return isStray ? { look: 'cleanup', stray: { name, lease } } : { look: 'fine' };
}

/** By its ARN: another secret that somebody made under its name has another. */
async function ownSecret(
  { secrets, settings }: RepairStores,
  row: KeyRow,
  secretId: string,
  deadline: Deadline,
): Promise<Look> {
  const found = await secrets.describe(secretId, deadline.secretLimitMs());
  if (found.kind === 'absent') return 'missing';
  if (found.kind !== 'done') return 'unknown';
  // Somebody else's secret under the name: ours is gone, and theirs is not touched.
  if (!isOurs(found, row, settings)) return 'missing';
  if (found.isScheduled) return 'restore';
  if (versionWith(found, 'AWSCURRENT') !== row.cur.ver) return 'restore';
  // The admin key has no owner, and tags that somebody gave it are theirs.
  const isTagged =
    isMaster(row.keyId) ||
    Object.entries(ownerTagsOf(row)).every(([name, value]) => (found.tags[name] ?? '') === value);
  if (isTagged) return 'fine';
  // Needs no second look: whatever the tags are, they are to be the row's.
  const tagged = await secrets.tag(found.arn, ownerTagsOf(row), deadline.secretLimitMs());
  return tagged.kind === 'done' ? 'fine' : 'unknown';
}

/** An intent due at once: the sweep is itself a reconciler, so there is no handler to wait for. */
function opened(
  row: KeyRow,
  kind: 'restore' | 'cleanup',
  stray: Stray | undefined,
  requestId: string,
  { random, now }: RepairStores,
): KeyWrite[] {
  const at = now().toISOString();
  const alias = stray?.lease?.alias ?? null;
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
    newName: stray?.name ?? row.secretArn ?? row.secretName ?? '',
    newAlias: alias,
    names: stray === undefined ? [] : [stray.name],
    idempotencyId: null,
    who: system,
    request_id: requestId,
  };
  const next = { ...row, rev: row.rev + 1, intent, suspicion: undefined, sweepAt: undefined };
  return [
    { kind: 'replace-row', row: next },
    // Nobody may take the name while its secret is being removed.
    ...takeLease(row.keyId, alias, stray?.name ?? null, stray?.lease ?? null),
  ];
}

const noted = (row: KeyRow, suspicion: KeyRow['suspicion'], sweepAt: string | null): KeyWrite => ({
  kind: 'replace-row',
  row: { ...row, rev: row.rev + 1, suspicion, sweepAt: sweepAt ?? undefined },
});
