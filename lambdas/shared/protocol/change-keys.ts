/**
 * Changes of many keys in one call, each for itself: one that fails does not keep the others from
 * theirs. With an `Idempotency-Key` each change is written together with a record of its own, so that a
 * repeat makes those that are missing and no other twice.
 */
import { DomainError } from '../domain/errors.ts';
import { attemptAt } from '../domain/idempotency.ts';
import type { KeyRow } from '../domain/key-row.ts';
import { pooled } from '../domain/pooled.ts';
import type { Loaded } from '../domain/ports.ts';
import { type Change, type ChangeCall, changeKey } from './change-key.ts';
import { AttemptUnderWay, type TableStores } from './commit.ts';
import { openOperation } from './operation-record.ts';
import { recordOf } from './replay.ts';

export interface KeyChange {
  /** As it was read; null where there is none. */
  readonly row: KeyRow | null;
  /** Throws where the row is not to be changed. */
  readonly check: () => KeyRow;
  readonly decide: (row: KeyRow, operationId: string) => Change;
}

export type KeyOutcome =
  | { readonly kind: 'changed'; readonly row: KeyRow }
  /** With the row as it was read, where it may be changed. */
  | { readonly kind: 'failed'; readonly row: KeyRow | null; readonly reason: string };

const atOnce = 10;
/** No change is begun that could not end. */
const leastMs = 1000;

/** The outcome of each change, in order. Throws `Conflict` and `Unavailable` where none was begun. */
export async function changeKeys(
  stores: TableStores,
  changes: readonly KeyChange[],
  call: ChangeCall & { readonly loaded: Pick<Loaded, 'record'> },
): Promise<KeyOutcome[]> {
  const { table, random, now } = stores;
  const { attempt, deadline } = call;
  const keyIds = changes.map(({ row }) => row?.keyId ?? null);
  const opening = { operationId: random.uuid(), keyIds, now: now(), random, deadline };
  const record =
    recordOf(call, now()) ??
    (attempt === null ? null : await openOperation(table, { attempt, ...opening }));
  const operationId = record?.eventId ?? opening.operationId;
  const outcomes: KeyOutcome[] = [];
  // Changes of one key come one after the other, each on top of the last.
  await pooled(sameKeyTogether(changes), atOnce, async (indexes) => {
    let current: KeyRow | null = null;
    for (const index of indexes) {
      const change = changes[index];
      if (change === undefined) continue;
      const outcome: KeyOutcome = await outcomeOf(change, index, current);
      if (outcome.kind === 'changed') current = outcome.row;
      outcomes[index] = outcome;
    }
  });
  return outcomes;

  async function outcomeOf(
    { check, decide }: KeyChange,
    index: number,
    current: KeyRow | null,
  ): Promise<KeyOutcome> {
    let shown: KeyRow | null = null;
    const failed = (reason: string) => ({ kind: 'failed', row: shown, reason }) as const;
    if (deadline.tableLimitMs() < leastMs) return failed('No time was left; send it again.');
    try {
      // Each name is checked, also of a key that an earlier change was about.
      const checked = check();
      shown = current ?? checked;
      const changed = await changeKey(
        stores,
        shown,
        (latest) => decide(latest, operationId),
        { attempt: record === null ? null : attemptAt(record, index), deadline },
        { answerOf: () => null, isUrgent: false },
      );
      return { kind: 'changed', row: changed };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // The first request has made it, or a repeat.
      if (error instanceof AttemptUnderWay && error.row !== null) {
        return { kind: 'changed', row: error.row };
      }
      return failed(error.message);
    }
  }
}

/** Indexes of the changes, those of one key in one list. */
function sameKeyTogether(changes: readonly KeyChange[]): number[][] {
  const byKey = new Map<string, number[]>();
  for (const [index, { row }] of changes.entries()) {
    const name = row?.keyId ?? `none ${index}`;
    byKey.set(name, [...(byKey.get(name) ?? []), index]);
  }
  return [...byKey.values()];
}
