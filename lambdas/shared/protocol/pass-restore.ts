import { bySystem } from '../domain/system-event.ts';
import { settledBirth } from './birth.ts';
import { close, isOurs, type Pass, type PassResult, versionWith } from './pass.ts';

/** Makes a live key's secret live again, with AWSCURRENT on the row's version and on no other. */
export async function restoreSecret(pass: Pass): Promise<PassResult> {
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
      return close(pass, settledBirth(row, found.arn), 'lost');
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
  const { row: settled, also } = settledBirth(row, found.arn);
  const audited = bySystem(row, settled, 'secret_restored', requestId, now(), random);
  return close(pass, { row: audited, also }, 'restored');
}
