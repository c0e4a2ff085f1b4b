import { isOurs, type Pass, type PassResult, versionWith } from './pass.ts';
import { settle, undo } from './pass-replacement.ts';

/**
 * A rotation that Secrets Manager drives goes on without it: its value is stored, so AWSCURRENT goes to that
 * version, whichever one has it, and the step is settled. No tombstone: that is for a value which may not
 * have arrived. It is undone where the version is gone, or has lost all its labels, as after a rotation that
 * somebody cancelled. So an undo leaves no AWSPENDING behind, which would have Secrets Manager take the next
 * rotation for still running.
 */
export async function finishOrUndoStaged(pass: Pass): Promise<PassResult> {
  const { secrets, row, intent, settings, deadline } = pass;
  const limit = () => deadline.secretLimitMs();
  const found = await secrets.describe(row.secretArn ?? intent.newName, limit());
  if (found.kind === 'absent') return undo(pass, null);
  if (found.kind !== 'done') return 'left';
  if (!isOurs(found, row, settings)) return undo(pass, null);
  if (found.isScheduled) {
    // Somebody scheduled a live key's secret for deletion. Once it is back, the next pass goes on.
    await secrets.restore(found.arn, limit());
    return 'left';
  }
  if ((found.stages[intent.ver] ?? []).length === 0) return undo(pass, null);
  const current = versionWith(found, 'AWSCURRENT');
  if (current !== intent.ver) {
    if (current === null) return 'left';
    const moved = await secrets.moveCurrent(found.arn, current, intent.ver, limit());
    if (moved.kind !== 'done') return 'left';
  }
  return settle(pass, found.arn);
}
