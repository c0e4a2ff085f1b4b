/** What the passes of the reconciler share: how they tell whose a secret is, and how they close a step. */
import type { Deadline } from '../domain/deadline.ts';
import type { Intent, KeyRow, LeftName } from '../domain/key-row.ts';
import type { DescribeOutcome, KeyTable, KeyWrite, SecretRepairs } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { voidStage } from '../domain/tombstone.ts';
import type { Closing } from './close-intent.ts';
import { refusedOf, type TableStores } from './commit.ts';
import { secondsAfter } from './writes.ts';

export interface RepairStores extends TableStores {
  readonly secrets: SecretRepairs;
}

/**
 * - `left`: it stays open for a later pass
 * - `lost`: it is closed, for the version that was to be current again is gone
 */
export type PassResult = 'left' | 'lost' | 'settled' | 'undone' | 'restored' | 'cleaned';

/** One pass over a step that this copy of the reconciler has claimed. */
export interface Pass extends RepairStores {
  readonly row: KeyRow;
  readonly intent: Intent;
  /** The run's, for the audit. */
  readonly requestId: string;
  readonly deadline: Deadline;
}

/** A pass makes several calls; none is begun that could not end. */
export const hasTime = (deadline: Deadline): boolean => deadline.secretLimitMs() > 0;

/** More steps in a row than can be closed before the first look. */
const mostLeftNames = 4;

/**
 * Closes the step, and has the sweep look once more a fence later: a call may still land. What is
 * lost stays lost, which the daily round tells once a day.
 *
 * @param left names that the step gave up, for that look
 */
export async function close(
  { table, random, deadline, now, settings }: Pass,
  { row, also }: Closing,
  result: PassResult,
  left: readonly LeftName[] = [],
): Promise<PassResult> {
  const sweepAt = result === 'lost' ? undefined : secondsAfter(now(), settings.timing.fenceSeconds);
  // Beside those that earlier steps have left: no look may hide another.
  const leftNames = [...(row.leftNames ?? []), ...left].slice(-mostLeftNames);
  const swept: KeyRow = { ...row, sweepAt, ...(leftNames.length > 0 ? { leftNames } : {}) };
  const writes: KeyWrite[] = [{ kind: 'replace-row', row: swept }, ...also];
  const outcome = await table.commit(writes, random.uuid(), deadline.tableLimitMs());
  if (outcome.kind === 'committed') return result;
  const refused = refusedOf(outcome, writes);
  if (refused.length === 0 || refused.some((kind) => kind !== 'free-lease')) return 'left';
  // An alias that is not this key's is none of its business, and must not keep the step open.
  const own = writes.filter(({ kind }) => kind !== 'free-lease');
  return (await write({ table, random }, own, deadline)) ? result : 'left';
}

/** Whether the writes are in. Where that is unknown the pass ends: the next one reads what became of them. */
export async function write(
  { table, random }: Pick<TableStores, 'table' | 'random'>,
  writes: readonly KeyWrite[],
  deadline: Deadline,
): Promise<boolean> {
  const outcome = await table.commit(writes, random.uuid(), deadline.tableLimitMs());
  return outcome.kind === 'committed';
}

export type Described = Extract<DescribeOutcome, { kind: 'done' }>;

/** A version of this id may also be the tombstone of a pass that died before its undo. */
export const holdsValue = ({ stages }: Described, version: string): boolean =>
  stages[version] !== undefined && !stages[version].includes(voidStage);

/** Whether this environment made the secret for this very key: anybody else's is never touched. */
export const isOurs = ({ tags }: Described, row: KeyRow, { environment }: Settings): boolean =>
  tags['latchkey:env'] === environment && tags['key_id'] === row.keyId;

/**
 * Whether a secret under an alias's name is this key's: by its tags, or because the alias says that
 * the secret of its last holder was there, in its deletion window, when this key took it.
 */
export async function isOursUnder(
  {
    table,
    row,
    settings,
    deadline,
  }: {
    readonly table: KeyTable;
    readonly row: KeyRow;
    readonly settings: Settings;
    readonly deadline: Deadline;
  },
  found: Described,
  alias: string | null,
): Promise<boolean> {
  if (isOurs(found, row, settings)) return true;
  if (alias === null || found.tags['latchkey:env'] !== settings.environment) return false;
  const { alias: lease } = await table.load({ alias }, deadline.tableLimitMs());
  return lease?.keyId === row.keyId && lease.deletedAt !== null;
}

/**
 * Has an alias that the key keeps tell that a secret of the key's was removed under its name: the key
 * names none, and its next value is to find that one in its deletion window.
 */
export async function notedOnOwnAlias(
  { table, row, deadline }: Pass,
  alias: string | null,
  deletedAt: string | null,
): Promise<KeyWrite[]> {
  if (alias === null || deletedAt === null || !keeps(row, alias)) return [];
  const { alias: lease } = await table.load({ alias }, deadline.tableLimitMs());
  if (lease === null) return [];
  return [{ kind: 'put-lease', lease: { ...lease, deletedAt, rev: lease.rev + 1 } }];
}

/** Whether an alias is the key's own, and not to be freed with a secret under its name. */
export const keeps = (row: Pick<KeyRow, 'status' | 'alias'>, alias: string | null): boolean =>
  row.status === 'active' && row.alias === alias;

export function versionWith({ stages }: Described, label: string): string | null {
  return Object.entries(stages).find(([, labels]) => labels.includes(label))?.[0] ?? null;
}
