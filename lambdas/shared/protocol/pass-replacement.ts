import type { LeftName } from '../domain/key-row.ts';
import { system } from '../domain/system-event.ts';
import {
  close,
  holdsValue,
  isOurs,
  isOursUnder,
  notedOnOwnAlias,
  type Pass,
  type PassResult,
} from './pass.ts';
import { settledReplacement, undoneReplacement } from './replacement.ts';

/** A regenerate or rename is settled where its value has arrived, and undone where it now never can. */
export const finishOrUndoReplacement = (pass: Pass): Promise<PassResult> =>
  pass.intent.newName === pass.row.secretName ? finishOrUndoInPlace(pass) : finishOrUndoMove(pass);

/**
 * The tombstone asks and decides in one call: refused, the new value has arrived; accepted, it has not
 * and never can, for its token is used up.
 */
async function finishOrUndoInPlace(pass: Pass): Promise<PassResult> {
  const { secrets, row, intent, settings, deadline } = pass;
  const limit = () => deadline.secretLimitMs();
  const secretId = row.secretArn ?? intent.newName;
  const buried = await secrets.putTombstone(secretId, intent.ver, limit());
  if (buried.kind === 'exists') return settle(pass, row.secretArn);
  // Absent: somebody deleted the secret for good, and nothing can arrive there any more.
  if (buried.kind === 'done' || buried.kind === 'absent') return undo(pass, null);
  if (buried.kind === 'scheduled') {
    // Somebody scheduled a live key's secret for deletion. Once it is back, the next pass can ask.
    const found = await secrets.describe(secretId, limit());
    if (found.kind === 'done' && found.isScheduled && isOurs(found, row, settings)) {
      await secrets.restore(found.arn, limit());
    }
  }
  return 'left';
}

async function finishOrUndoMove(pass: Pass): Promise<PassResult> {
  const { secrets, intent, deadline } = pass;
  const found = await secrets.describe(intent.newName, deadline.secretLimitMs());
  if (found.kind === 'absent') return undo(pass, null);
  if (found.kind !== 'done') return 'left';
  if (found.isScheduled) return undo(pass, null);
  if (holdsValue(found, intent.ver)) return leaveOldName(pass, found.arn);
  if (!(await isOursUnder(pass, found, intent.newAlias))) return undo(pass, null);
  const buried = await secrets.putTombstone(found.arn, intent.ver, deadline.secretLimitMs());
  if (buried.kind === 'exists') return leaveOldName(pass, found.arn);
  if (buried.kind !== 'done') return 'left';
  const removed = await secrets.remove(found.arn, deadline.secretLimitMs());
  return removed.kind === 'done' ? undo(pass, pass.now().toISOString()) : 'left';
}

async function leaveOldName(pass: Pass, secretArn: string): Promise<PassResult> {
  const { secrets, row, deadline } = pass;
  if (row.secretName === null) return settle(pass, secretArn);
  const old = row.secretArn ?? row.secretName;
  const removed = await secrets.remove(old, deadline.secretLimitMs());
  // Past the fence no answer is an old copy's: what is gone or scheduled already is done.
  return ['done', 'absent', 'scheduled'].includes(removed.kind) ? settle(pass, secretArn) : 'left';
}

/** Closes the step as done: the value is where it was to be. */
export function settle(pass: Pass, secretArn: string | null): Promise<PassResult> {
  const { row, intent, now, settings, random } = pass;
  const settled = settledReplacement(row, intent, {
    secretArn,
    at: now(),
    settledBy: system.principal,
    settings,
    random,
  });
  return close(pass, settled, 'settled', leftAt(row.secretName, row.alias, pass));
}

/**
 * Closes the step as not done.
 *
 * @param deletedAt when a secret of the key's under the new name was scheduled for deletion
 */
export async function undo(pass: Pass, deletedAt: string | null): Promise<PassResult> {
  const { row, intent } = pass;
  const undone = undoneReplacement(row, intent, deletedAt);
  const also = [...undone.also, ...(await notedOnOwnAlias(pass, intent.newAlias, deletedAt))];
  return close(pass, { ...undone, also }, 'undone', leftAt(intent.newName, intent.newAlias, pass));
}

/** A step in place leaves no name. */
const leftAt = (name: string | null, alias: string | null, { row, intent }: Pass): LeftName[] =>
  name === null || intent.newName === row.secretName ? [] : [{ name, alias }];
