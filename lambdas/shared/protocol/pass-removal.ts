import type { LeftName } from '../domain/key-row.ts';
import { bySystem } from '../domain/system-event.ts';
import type { Closing } from './close-intent.ts';
import { settledDeletion } from './deletion.ts';
import { close, isOursUnder, keeps, notedOnOwnAlias, type Pass, type PassResult } from './pass.ts';
import { freeLease } from './writes.ts';

/** The secrets of a deleted key go, then its aliases are free. */
export async function finishDeletion(pass: Pass): Promise<PassResult> {
  const { row, intent, now, settings } = pass;
  const removed = await removeSecrets(pass);
  if (removed === null) return 'left';
  const others = intent.names.filter((name) => name !== row.secretName);
  return closeRemoval(
    pass,
    settledDeletion(row, intent, removed, now().toISOString(), settings.retentionDays),
    others.map((name) => ({ name, alias: intent.newAlias })),
  );
}

/** A secret goes that a late call of a closed step has made; then its alias is free again. */
export async function cleanUp(pass: Pass): Promise<PassResult> {
  const { row, intent, now } = pass;
  const removed = await removeSecrets(pass);
  if (removed === null) return 'left';
  const at = removed.size > 0 ? now().toISOString() : null;
  const leftAt = intent.newAlias === null && at !== null ? { ownNameLeftAt: at } : {};
  return closeRemoval(pass, {
    row: { ...row, ...leftAt, rev: row.rev + 1, intent: null },
    also: keeps(row, intent.newAlias)
      ? await notedOnOwnAlias(pass, intent.newAlias, at)
      : freeLease(row, intent.newAlias, at),
  });
}

/** Names of this key's secrets that are in their deletion window now; null where it is not known of all. */
async function removeSecrets(pass: Pass): Promise<ReadonlySet<string> | null> {
  const { secrets, row, intent, deadline } = pass;
  const removed = new Set<string>();
  for (const name of intent.names) {
    const found = await secrets.describe(name, deadline.secretLimitMs());
    if (found.kind === 'absent') continue;
    if (found.kind !== 'done') return null;
    const alias = name === row.secretName ? row.alias : intent.newAlias;
    if (!(await isOursUnder(pass, found, alias))) continue;
    const isGone =
      found.isScheduled ||
      (await secrets.remove(found.arn, deadline.secretLimitMs())).kind === 'done';
    if (!isGone) return null;
    removed.add(name);
  }
  return removed;
}

function closeRemoval(
  pass: Pass,
  { row: settled, also }: Closing,
  left: readonly LeftName[] = [],
): Promise<PassResult> {
  const { row, requestId, now, random } = pass;
  const audited = bySystem(row, settled, 'secret_removed', requestId, now(), random);
  return close(pass, { row: audited, also }, 'cleaned', left);
}
