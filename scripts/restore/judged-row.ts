/** What the secret of a replayed key says: of a step that may be open, and of the value that is current. */
import type { Intent, KeyRow, TokenPointer } from '../../lambdas/shared/domain/key-row.ts';
import type { DescribeOutcome } from '../../lambdas/shared/domain/ports.ts';
import { isMaster } from '../../lambdas/shared/domain/roles.ts';
import { ownerTagsOf } from '../../lambdas/shared/domain/secret-tags.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { settledBirth } from '../../lambdas/shared/protocol/birth.ts';
import { settledDeletion } from '../../lambdas/shared/protocol/deletion.ts';
import {
  type Described,
  holdsValue,
  isOurs,
  versionWith,
} from '../../lambdas/shared/protocol/pass.ts';
import { undoneReplacement } from '../../lambdas/shared/protocol/replacement.ts';
import { pointersIn, type Replayed } from './replayed-row.ts';

export type Found = Extract<DescribeOutcome, { kind: 'done' }> | AbsentSecret;
interface AbsentSecret {
  readonly kind: 'absent';
}

export interface Judging {
  readonly settings: Settings;
  /** Throws where Secrets Manager does not say. */
  readonly describe: (secretId: string) => Promise<Found>;
  /** Those that events of the key may have stored, whenever that was. */
  readonly versions: () => Promise<ReadonlySet<string>>;
}

export interface Judged {
  readonly row: KeyRow;
  readonly pointers: ReadonlyMap<string, TokenPointer | null>;
  /** What is different from the secret, and is put right by the scheduled repairs. */
  readonly notes: readonly string[];
  /** Why the trail may lack the last changes of the key; null where nothing says so. */
  readonly doubt: string | null;
}

/**
 * The row with each step that has come to its end closed, and one that the scheduled repairs have to
 * finish left open. A pending value that never was stored is let in no more. A live key with a step that
 * has no end is in doubt: the repairs end one within minutes, and the trail tells.
 */
export async function judgedRow(replayed: Replayed, judging: Judging): Promise<Judged> {
  const { row } = replayed;
  const { intent } = row;
  if (intent === null) return compared(replayed, judging);
  switch (intent.kind) {
    case 'generate':
      return birth(replayed, intent, judging);
    case 'regenerate':
    case 'rename':
      return replacement(replayed, intent, judging);
    case 'delete':
    case 'cleanup':
      return removal(replayed, intent, judging);
    case 'restore':
      // Of what the secret was then; the next look opens another one where that is needed.
      return compared(withRow(replayed, { ...row, intent: null }), judging);
    default:
      return open(replayed, `its open step ${intent.kind} is for a newer release to close`);
  }
}

async function birth(replayed: Replayed, intent: Intent, judging: Judging): Promise<Judged> {
  const found = await judging.describe(intent.newName);
  if (found.kind !== 'done' || !holds(found, replayed.row, intent, judging)) {
    const doubt = 'its value is not in its secret: its birth was not complete, or it was deleted';
    return open(replayed, 'its birth is finished or taken back', doubt);
  }
  const { row } = settledBirth(replayed.row, found.arn);
  return compared(withRow(replayed, { ...row, rev: replayed.row.rev }), judging);
}

async function replacement(replayed: Replayed, intent: Intent, judging: Judging): Promise<Judged> {
  const { row } = replayed;
  const isInPlace = intent.newName === row.secretName;
  const found = await judging.describe(
    isInPlace ? (row.secretArn ?? intent.newName) : intent.newName,
  );
  if (found.kind === 'done' && holds(found, row, intent, judging)) {
    const doubt = 'its new value or name is stored, and no record tells of it';
    return open(replayed, 'its open step is finished', doubt);
  }
  // It never was stored, and whoever would have is gone. The trail would have its end.
  const { row: undone, also } = undoneReplacement(row, intent, null);
  const isStray = !isInPlace && found.kind === 'done' && !found.isScheduled;
  const left = { name: intent.newName, alias: intent.newAlias };
  const next = isStray
    ? lookedAtSoon({ ...undone, leftNames: [...(row.leftNames ?? []), left] })
    : undone;
  return compared(withRow(replayed, { ...next, rev: row.rev }, pointersIn(also)), judging);
}

async function removal(replayed: Replayed, intent: Intent, judging: Judging): Promise<Judged> {
  const { row } = replayed;
  const removed = new Set<string>();
  for (const name of intent.names) {
    const found = await judging.describe(name);
    if (found.kind === 'absent' || !isOurs(found, row, judging.settings)) continue;
    if (!found.isScheduled) return open(replayed, 'its secret is to be removed yet');
    removed.add(name);
  }
  const closed = settledDeletion(
    row,
    intent,
    removed,
    row.event.at,
    judging.settings.retentionDays,
  );
  const pointers = row.status === 'deleted' ? pointersIn(closed.also) : [];
  return compared(withRow(replayed, { ...row, intent: null }, pointers), judging);
}

/** A row without open step and the secret that it names. */
async function compared(replayed: Replayed, judging: Judging): Promise<Judged> {
  const { row } = replayed;
  const fine = { ...replayed, notes: [], doubt: null };
  if (row.status === 'deleted' || row.secretName === null) return fine;
  const found = await judging.describe(row.secretArn ?? row.secretName);
  if (found.kind === 'absent') {
    return { ...fine, doubt: 'its secret is gone, as after a deletion that the trail lacks' };
  }
  if (!isMaster(row.keyId) && !isOurs(found, row, judging.settings)) {
    return { ...fine, doubt: 'the secret under its name is not tagged as its own' };
  }
  if (found.isScheduled) {
    return {
      ...fine,
      doubt: 'its secret is in a deletion window, as after a deletion that the trail lacks',
    };
  }
  const current = versionWith(found, 'AWSCURRENT');
  const known = { ...row, secretArn: found.arn };
  if (current === row.cur.ver) return { ...fine, row: retagged(known, found) };
  const soon = lookedAtSoon(known);
  if (current !== null && (await judging.versions()).has(current)) {
    return {
      ...fine,
      row: soon,
      notes: ['AWSCURRENT is on an earlier version, and is moved back'],
    };
  }
  const doubt =
    'AWSCURRENT is on a version that no record names, as after a rotation that the trail lacks';
  return { ...fine, row: soon, doubt };
}

const holds = (found: Described, row: KeyRow, intent: Intent, { settings }: Judging): boolean =>
  !found.isScheduled && isOurs(found, row, settings) && holdsValue(found, intent.ver);

function retagged(row: KeyRow, { tags }: Described): KeyRow {
  const isTagged =
    isMaster(row.keyId) ||
    Object.entries(ownerTagsOf(row)).every(([name, value]) => (tags[name] ?? '') === value);
  return isTagged ? row : lookedAtSoon(row);
}

/** By the scheduled repairs, before their daily round. */
const lookedAtSoon = (row: KeyRow): KeyRow => ({ ...row, sweepAt: row.sweepAt ?? row.event.at });

const open = (replayed: Replayed, note: string, doubt: string | null = null): Judged => ({
  ...replayed,
  notes: [note],
  doubt,
});

const withRow = (
  { pointers }: Replayed,
  row: KeyRow,
  more: readonly [string, TokenPointer | null][] = [],
): Replayed => ({ row, pointers: new Map([...pointers, ...more]) });
