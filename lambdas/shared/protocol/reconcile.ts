/**
 * The reconciler: finishes or undoes what a handler left open. Any number of copies may run; a copy
 * first claims the intent, and each of its writes is over the row as it read it, so that of two the
 * slower one changes nothing. An answer that is throttled, refused or missing ends the pass: it is
 * never read as "absent", and the next pass comes a fence later.
 */
import type { Deadline } from '../domain/deadline.ts';
import type { Intent, IntentKind, KeyRow } from '../domain/key-row.ts';
import type {
  DescribeOutcome,
  KeyTable,
  KeyWrite,
  Randomness,
  SecretRepairs,
} from '../domain/ports.ts';
import { newSalt } from '../domain/salt.ts';
import type { Settings } from '../domain/settings.ts';
import { repaired, system } from '../domain/system-event.ts';
import { voidStage } from '../domain/tombstone.ts';
import { freed, settledBirth, undoHappening, undoWrites } from './birth.ts';

export interface RepairStores {
  readonly table: KeyTable;
  readonly secrets: SecretRepairs;
  readonly random: Randomness;
  readonly now: () => Date;
  readonly settings: Settings;
}

/**
 * - `nothing`: there is no intent, or its fence is ahead
 * - `left`: it stays open for a later pass
 * - `lost`: it is closed, for the version that was to be current again is gone
 */
export type RepairResult =
  | 'nothing'
  | 'left'
  | 'lost'
  | 'settled'
  | 'undone'
  | 'restored'
  | 'cleaned';

export interface Repair {
  readonly result: RepairResult;
  /** The intent as this pass claimed it; null where there was none to work on. */
  readonly intent: Intent | null;
}

const nothing: Repair = { result: 'nothing', intent: null };

/** One pass over one row. `requestId` is the run's, for the audit. */
export async function reconcile(
  stores: RepairStores,
  keyId: string,
  requestId: string,
  deadline: Deadline,
): Promise<Repair> {
  const { table, now } = stores;
  const { target: row } = await table.load({ target: { keyId } }, deadline.tableLimitMs());
  if (row === null || row.intent === null) return nothing;
  // A kind that a newer release has opened is that release's to close.
  const pass = Object.hasOwn(passes, row.intent.kind) ? passes[row.intent.kind] : undefined;
  if (pass === undefined) return nothing;
  if (Date.parse(row.intent.fence) > now().getTime()) return nothing;
  const claimed = claimOf(row, row.intent, now(), stores.settings.timing.fenceSeconds);
  const taken = await write(stores, [{ kind: 'replace-row', row: claimed.row }], deadline);
  const { intent } = claimed;
  if (!taken) return { result: 'left', intent };
  return { result: await pass({ ...stores, ...claimed, requestId, deadline }), intent };
}

interface Pass extends RepairStores {
  readonly row: KeyRow;
  readonly intent: Intent;
  readonly requestId: string;
  readonly deadline: Deadline;
}

const passes: Readonly<Record<string, (pass: Pass) => Promise<RepairResult>>> = {
  generate: finishOrUndoBirth,
  restore: restoreSecret,
  cleanup: removeSecrets,
} satisfies Record<IntentKind, unknown>;

function claimOf(row: KeyRow, intent: Intent, now: Date, fenceSeconds: number) {
  const claimed: Intent = {
    ...intent,
    claim: intent.claim + 1,
    at: now.toISOString(),
    fence: secondsAfter(now, fenceSeconds),
  };
  return { intent: claimed, row: { ...row, rev: row.rev + 1, intent: claimed } };
}

async function finishOrUndoBirth(pass: Pass): Promise<RepairResult> {
  const { secrets, row, intent, settings, deadline } = pass;
  const found = await secrets.describe(intent.newName, deadline.secretLimitMs());
  if (found.kind === 'absent') return undoBirth(pass);
  if (found.kind !== 'done') return 'left';
  if (found.isScheduled) return undoBirth(pass);
  if (holdsValue(found, intent.ver)) return settleBirth(pass, found.arn);
  if (!isOurs(found, row, settings) && !(await isReused(pass, found))) return undoBirth(pass);
  // A secret of ours without the value: it was restored but not written. The tombstone under the
  // value's own token makes a put that is still under way harmless, or shows that it has arrived.
  const buried = await secrets.putTombstone(found.arn, intent.ver, deadline.secretLimitMs());
  if (buried.kind === 'exists') return settleBirth(pass, found.arn);
  if (buried.kind !== 'done') return 'left';
  const removed = await secrets.remove(found.arn, deadline.secretLimitMs());
  return removed.kind === 'done' ? undoBirth(pass) : 'left';
}

/** A version of this id may also be the tombstone of a pass that died before its undo. */
const holdsValue = ({ stages }: Described, version: string): boolean =>
  stages[version] !== undefined && !stages[version].includes(voidStage);

/** Whether it is the last holder's secret, of which the alias says that it was ours and scheduled. */
async function isReused({ table, row, settings, deadline }: Pass, { tags }: Described) {
  if (row.alias === null || tags['latchkey:env'] !== settings.environment) return false;
  const { alias: lease } = await table.load({ alias: row.alias }, deadline.tableLimitMs());
  return lease?.keyId === row.keyId && lease.deletedAt !== null;
}

async function settleBirth(pass: Pass, secretArn: string): Promise<RepairResult> {
  const { row, requestId, now, random } = pass;
  const settled = settledBirth(row, secretArn);
  const audited = repaired(row, settled, 'generate_settled', requestId, now(), random);
  return close(pass, [{ kind: 'replace-row', row: audited }], 'settled');
}

async function undoBirth(pass: Pass): Promise<RepairResult> {
  const { table, row, intent, requestId, deadline, now, random, settings } = pass;
  const { alias: lease } = await table.load(
    { alias: row.alias ?? undefined },
    deadline.tableLimitMs(),
  );
  const isHeld = lease?.state === 'held' && lease.keyId === row.keyId;
  const writes = undoWrites(row, intent, isHeld ? lease : null, {
    happening: undoHappening(random.uuid(), now(), system, requestId),
    whoSalt: newSalt(random),
    retentionDays: settings.retentionDays,
  });
  return close(pass, writes, 'undone');
}

/** Makes a live key's secret live again, with AWSCURRENT on the row's version and on no other. */
async function restoreSecret(pass: Pass): Promise<RepairResult> {
  const { secrets, row, intent, settings, deadline, requestId, now, random } = pass;
  const limit = () => deadline.secretLimitMs();
  const found = await secrets.describe(intent.newName, limit());
  if (found.kind !== 'done' || !isOurs(found, row, settings)) return 'left';
  if (found.isScheduled && (await secrets.restore(found.arn, limit())).kind !== 'done')
    return 'left';
  const current = versionWith(found, 'AWSCURRENT');
  const isMoved = current !== null && current !== intent.ver;
  if (isMoved) {
    const moved = await secrets.moveCurrent(found.arn, current, intent.ver, limit());
    if (moved.kind === 'absent') {
      return close(pass, [{ kind: 'replace-row', row: settledBirth(row, found.arn) }], 'lost');
    }
    if (moved.kind !== 'done') return 'left';
  }
  // AWSPREVIOUS has gone to the version that was current by mistake, in this pass or in one that
  // died here: nobody shall find that value.
  const previous = isMoved ? current : versionWith(found, 'AWSPREVIOUS');
  if (previous !== null) {
    const dropped = await secrets.dropPrevious(found.arn, previous, limit());
    if (dropped.kind !== 'done') return 'left';
  }
  const settled = settledBirth(row, found.arn);
  const audited = repaired(row, settled, 'secret_restored', requestId, now(), random);
  return close(pass, [{ kind: 'replace-row', row: audited }], 'restored');
}

/** Deletes the secrets that no live key has, then frees the alias they were under. */
async function removeSecrets(pass: Pass): Promise<RepairResult> {
  const { table, secrets, row, intent, settings, deadline, requestId, now, random } = pass;
  for (const name of intent.names) {
    const found = await secrets.describe(name, deadline.secretLimitMs());
    if (found.kind === 'absent') continue;
    if (found.kind !== 'done') return 'left';
    if (found.isScheduled || !isOurs(found, row, settings)) continue;
    const removed = await secrets.remove(found.arn, deadline.secretLimitMs());
    if (removed.kind !== 'done') return 'left';
  }
  const { alias: lease } = await table.load(
    { alias: row.alias ?? undefined },
    deadline.tableLimitMs(),
  );
  const isHeld = lease?.state === 'held' && lease.keyId === row.keyId;
  const settled = { ...row, rev: row.rev + 1, intent: null };
  const audited = repaired(row, settled, 'secret_removed', requestId, now(), random);
  const free = isHeld ? [freed(lease, now().toISOString())] : [];
  return close(
    pass,
    [
      { kind: 'replace-row', row: audited },
      ...free.map((each) => ({ kind: 'put-lease', lease: each }) as const),
    ],
    'cleaned',
  );
}

/**
 * Closes the intent, and has the sweep look once more a fence later: a call may still land. What is
 * lost stays lost, which the daily round tells once a day.
 */
async function close(
  { deadline, now, settings, ...stores }: Pass,
  writes: readonly KeyWrite[],
  result: RepairResult,
): Promise<RepairResult> {
  const sweepAt = result === 'lost' ? undefined : secondsAfter(now(), settings.timing.fenceSeconds);
  const swept = writes.map((each) =>
    each.kind === 'replace-row' ? { ...each, row: { ...each.row, sweepAt } } : each,
  );
  return (await write(stores, swept, deadline)) ? result : 'left';
}

/** Whether the writes are in. Where that is unknown the pass ends: the next one reads what became of them. */
async function write(
  { table, random }: Pick<RepairStores, 'table' | 'random'>,
  writes: readonly KeyWrite[],
  deadline: Deadline,
): Promise<boolean> {
  const outcome = await table.commit(writes, random.uuid(), deadline.tableLimitMs());
  return outcome.kind === 'committed';
}

type Described = Extract<DescribeOutcome, { kind: 'done' }>;

/** Whether this environment made the secret for this very key: anybody else's is never touched. */
export const isOurs = ({ tags }: Described, row: KeyRow, { environment }: Settings): boolean =>
  tags['latchkey:env'] === environment && tags['key_id'] === row.keyId;

export function versionWith({ stages }: Described, label: string): string | null {
  return Object.entries(stages).find(([, labels]) => labels.includes(label))?.[0] ?? null;
}

export const secondsAfter = (at: Date, seconds: number): string =>
  new Date(at.getTime() + seconds * 1000).toISOString();
