import { bySystem, system } from '../domain/system-event.ts';
import { settledBirth, undoHappening, undoneBirth } from './birth.ts';
import { close, holdsValue, isOursUnder, type Pass, type PassResult } from './pass.ts';

/** A birth is settled where its value has arrived, and undone where it now never can. */
export async function finishOrUndoBirth(pass: Pass): Promise<PassResult> {
  const { secrets, intent, deadline } = pass;
  const found = await secrets.describe(intent.newName, deadline.secretLimitMs());
  if (found.kind === 'absent') return undo(pass, null);
  if (found.kind !== 'done') return 'left';
  if (found.isScheduled) return undo(pass, null);
  if (holdsValue(found, intent.ver)) return settle(pass, found.arn);
  if (!(await isOursUnder(pass, found, intent.newAlias))) return undo(pass, null);
  // A secret of ours without the value: it was restored but not written. The tombstone under the
  // value's own token makes a put that is still under way harmless, or shows that it has arrived.
  const buried = await secrets.putTombstone(found.arn, intent.ver, deadline.secretLimitMs());
  if (buried.kind === 'exists') return settle(pass, found.arn);
  if (buried.kind !== 'done') return 'left';
  const removed = await secrets.remove(found.arn, deadline.secretLimitMs());
  return removed.kind === 'done' ? undo(pass, pass.now().toISOString()) : 'left';
}

async function settle(pass: Pass, secretArn: string): Promise<PassResult> {
  const { row, requestId, now, random } = pass;
  const { row: settled, also } = settledBirth(row, secretArn);
  const audited = bySystem(row, settled, 'generate_settled', requestId, now(), random);
  return close(pass, { row: audited, also }, 'settled');
}

async function undo(pass: Pass, deletedAt: string | null): Promise<PassResult> {
  const { row, intent, requestId, now, random, settings } = pass;
  const undone = undoneBirth(row, intent, {
    happening: undoHappening(random.uuid(), now(), system, requestId),
    random,
    retentionDays: settings.retentionDays,
    deletedAt,
  });
  return close(pass, undone, 'undone');
}
