import type { Deadline } from '../domain/deadline.ts';
import { Conflict } from '../domain/errors.ts';
import type { Intent, KeyRow } from '../domain/key-row.ts';
import type { KeyWrite } from '../domain/ports.ts';
import { commit, leftOpen, maxDecisions, type TableStores } from './commit.ts';

/** How an open step ends: the row without it, and what is written together with that. */
export interface Closing {
  readonly row: KeyRow;
  readonly also: readonly KeyWrite[];
}

/** An open step, as whoever opened it knows it. */
export interface OpenStep {
  readonly row: KeyRow;
  readonly intent: Intent;
}

/**
 * Closes a step as done. The row is replaced as it is then, so that a change made in between is kept.
 * Throws `Conflict` where the key was deleted or a reconciler got there first, and `Unavailable` where
 * it is not known whether the step is closed.
 */
export async function settle(
  stores: TableStores,
  step: OpenStep,
  closing: (current: KeyRow) => Closing,
  deadline: Deadline,
): Promise<KeyRow> {
  const end = await close(stores, step, closing, deadline);
  if (end.kind === 'closed') return end.row;
  if (end.kind === 'left') throw leftOpen(end.why);
  // Gone, while the value is the current one: an answer got lost, or a reconciler that saw the secret
  // settled it. Either way the promise of a 200 holds.
  const isDone =
    end.row?.status === 'active' && end.row.intent === null && end.row.cur.ver === step.intent.ver;
  if (isDone) return end.row;
  // Or the answer was lost, and the key has been deleted since.
  if (end.isUnsure) throw leftOpen('the settle was unanswered');
  throw new Conflict(null, 'The key was changed or deleted while this was under way.', null);
}

/** Closes a step, to take it back or to tidy up. Should this fail, the reconciler does it after the fence. */
export async function tryToClose(
  stores: TableStores,
  step: OpenStep,
  closing: (current: KeyRow) => Closing,
  deadline: Deadline,
): Promise<void> {
  await close(stores, step, closing, deadline).catch(() => undefined);
}

type End =
  | { readonly kind: 'closed'; readonly row: KeyRow }
  /** Somebody else closed or claimed it, or put another step in its place. */
  | { readonly kind: 'gone'; readonly row: KeyRow | null; readonly isUnsure: boolean }
  | { readonly kind: 'left'; readonly why: string };

async function close(
  { table, random }: TableStores,
  { row, intent }: OpenStep,
  closing: (current: KeyRow) => Closing,
  deadline: Deadline,
): Promise<End> {
  let current = row;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const { row: closed, also } = closing(current);
    const writes: KeyWrite[] = [{ kind: 'replace-row', row: closed }, ...also];
    const outcome = await commit(table, writes, random.uuid(), deadline);
    if (outcome.kind === 'committed') return { kind: 'closed', row: closed };
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      return { kind: 'left', why: `the settle was ${outcome.kind}` };
    }
    const { target } = await table.load({ target: { keyId: row.keyId } }, deadline.tableLimitMs());
    const isOurs = target?.intent?.id === intent.id && target.intent.claim === 0;
    if (target === null || !isOurs || target.status !== row.status) {
      return { kind: 'gone', row: target, isUnsure: outcome.isUnsure };
    }
    current = target;
  }
  return { kind: 'left', why: 'the settle was overtaken three times' };
}
