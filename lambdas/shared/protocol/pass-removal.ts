import { bySystem } from '../domain/system-event.ts';
import type { Closing } from './close-intent.ts';
import { settledDeletion } from './deletion.ts';
import { close, isOursUnder, type Pass, type PassResult } from './pass.ts';
import { freeLease } from './writes.ts';

/** The secrets of a deleted key go, then its aliases are free. */
export async function finishDeletion(pass: Pass): Promise<PassResult> {
  const { row, intent, now, settings } = pass;
  if (!(await removeSecrets(pass))) return 'left';
  const other = intent.names.find((name) => name !== row.secretName);
  return closeRemoval(
    pass,
    settledDeletion(row, intent, now().toISOString(), settings.retentionDays),
    other === undefined ? undefined : { name: other, alias: intent.newAlias },
  );
}

/** A secret goes that a late call of a closed step has made; then its alias is free again. */
export async function cleanUp(pass: Pass): Promise<PassResult> {
  const { row, intent, now } = pass;
  if (!(await removeSecrets(pass))) return 'left';
  return closeRemoval(pass, {
    row: { ...row, rev: row.rev + 1, intent: null },
    also: freeLease(row, intent.newAlias, now().toISOString()),
  });
}

/** Whether all of the step's secrets are gone, or in their deletion window, or somebody else's. */
async function removeSecrets(pass: Pass): Promise<boolean> {
  const { secrets, row, intent, deadline } = pass;
  for (const name of intent.names) {
    const found = await secrets.describe(name, deadline.secretLimitMs());
    if (found.kind === 'absent') continue;
    if (found.kind !== 'done') return false;
    const alias = name === row.secretName ? row.alias : intent.newAlias;
    if (found.isScheduled || !(await isOursUnder(pass, found, alias))) continue;
    const removed = await secrets.remove(found.arn, deadline.secretLimitMs());
    if (removed.kind !== 'done') return false;
  }
  return true;
}

function closeRemoval(
  pass: Pass,
  { row: settled, also }: Closing,
  leftName?: { readonly name: string; readonly alias: string | null },
): Promise<PassResult> {
  const { row, requestId, now, random } = pass;
  const audited = bySystem(row, settled, 'secret_removed', requestId, now(), random);
  return close(pass, { row: audited, also }, 'cleaned', leftName);
}
