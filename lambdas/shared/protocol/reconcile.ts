/**
 * The reconciler: finishes or undoes what a handler left open. Any number of copies may run; a copy
 * first claims the intent, and each of its writes is over the row as it read it, so that of two the
 * slower one changes nothing. An answer that is throttled, refused or missing ends the pass: it is
 * never read as "absent", and the next pass comes a fence later.
 */
import type { Deadline } from '../domain/deadline.ts';
import type { Intent, IntentKind, KeyRow } from '../domain/key-row.ts';
import { isStaged } from '../domain/staged-rotation.ts';
import { bySystem } from '../domain/system-event.ts';
import { type Pass, type PassResult, type RepairStores, write } from './pass.ts';
import { finishOrUndoBirth } from './pass-birth.ts';
import { cleanUp, finishDeletion } from './pass-removal.ts';
import { finishOrUndoReplacement } from './pass-replacement.ts';
import { restoreSecret } from './pass-restore.ts';
import { finishOrUndoStaged } from './pass-staged.ts';
import { secondsAfter } from './writes.ts';

/**
 * - `nothing`: there is no intent, or its fence is ahead
 * - `overlap-ended`: a former value's grace period is over, which is recorded
 */
export type RepairResult = 'nothing' | 'overlap-ended' | PassResult;

export interface Repair {
  readonly result: RepairResult;
  /** The intent as this pass claimed it; null where there was none to work on. */
  readonly intent: Intent | null;
}

/** One pass over one row. `requestId` is the run's, for the audit. */
export async function reconcile(
  stores: RepairStores,
  keyId: string,
  requestId: string,
  deadline: Deadline,
): Promise<Repair> {
  const { table, now } = stores;
  const { target: row } = await table.load({ target: { keyId } }, deadline.tableLimitMs());
  if (row === null) return { result: 'nothing', intent: null };
  const pass = passOf(row.intent, now());
  if (row.intent === null || pass === null) {
    const isEnded = await endOverlap(stores, row, requestId, deadline);
    return { result: isEnded ? 'overlap-ended' : 'nothing', intent: null };
  }
  const claimed = claimOf(row, row.intent, now(), stores.settings.timing.fenceSeconds);
  const taken = await write(stores, [{ kind: 'replace-row', row: claimed.row }], deadline);
  const { intent } = claimed;
  if (!taken) return { result: 'left', intent };
  return { result: await pass({ ...stores, ...claimed, requestId, deadline }), intent };
}

const passes: Readonly<Record<string, (pass: Pass) => Promise<PassResult>>> = {
  generate: finishOrUndoBirth,
  regenerate: (pass: Pass) =>
    isStaged(pass.intent) ? finishOrUndoStaged(pass) : finishOrUndoReplacement(pass),
  rename: finishOrUndoReplacement,
  delete: finishDeletion,
  restore: restoreSecret,
  cleanup: cleanUp,
} satisfies Record<IntentKind, unknown>;

/** Null where there is nothing to do now. A kind that a newer release has opened is that release's to close. */
function passOf(intent: Intent | null, now: Date) {
  if (intent === null || Date.parse(intent.fence) > now.getTime()) return null;
  return Object.hasOwn(passes, intent.kind) ? (passes[intent.kind] ?? null) : null;
}

function claimOf(row: KeyRow, intent: Intent, now: Date, fenceSeconds: number) {
  const claimed: Intent = {
    ...intent,
    claim: intent.claim + 1,
    at: now.toISOString(),
    fence: secondsAfter(now, fenceSeconds),
  };
  return { intent: claimed, row: { ...row, rev: row.rev + 1, intent: claimed } };
}

/** Whether a former value's end was recorded. It is refused from then on in any case. */
async function endOverlap(
  stores: RepairStores,
  row: KeyRow,
  requestId: string,
  deadline: Deadline,
): Promise<boolean> {
  const now = stores.now();
  if (row.status !== 'active' || row.prev === null || Date.parse(row.prev.until) > now.getTime()) {
    return false;
  }
  const { overlap_until: _ended, ...key } = row.key;
  const ended = { ...row, rev: row.rev + 1, prev: null, key };
  const audited = bySystem(row, ended, 'overlap_ended', requestId, now, stores.random);
  return write(stores, [{ kind: 'replace-row', row: audited }], deadline);
}
