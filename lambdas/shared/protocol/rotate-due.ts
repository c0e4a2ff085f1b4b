import { type Deadline, deadlineOf } from '../domain/deadline.ts';
import { isRotationDue } from '../domain/due.ts';
import { isExpired, type KeyRow, type Who } from '../domain/key-row.ts';
import type { DueRows } from '../domain/ports.ts';
import { nextTry, scheduledRotation } from '../domain/rotation.ts';
import { system } from '../domain/system-event.ts';
import { hasTime, write } from './pass.ts';
import { type ReplacementStores, replaceKey } from './replace-key.ts';

export interface RotationStores extends ReplacementStores {
  readonly due: Pick<DueRows, 'findRotations'>;
  readonly wait: (ms: number) => Promise<void>;
  /** Told about a key that could not be rotated. The run goes on with the next. */
  readonly onFailure: (keyId: string, error: unknown) => void;
}

/** What one run did, as counts; the metrics are these. */
export interface RotationRun {
  readonly KeysRotated: number;
  /** Tried in vain: put off, or left to the reconciler. */
  readonly RotationsFailed: number;
  /** Due, as far as this run has found them, and not begun. */
  readonly RotationsLeft: number;
  /** Seconds that the oldest of those two is overdue; 0 without any. */
  readonly OldestRotationSeconds: number;
}

/** Nobody else has finished it, as long as the reconciler has not. */
const schedule: Who = { ...system, settled_by: null };

const page = 500;
/**
 * From one key to the next. Secrets Manager takes 50 new values a second in a Region, of everybody
 * together (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
 */
const paceMs = 200;

/**
 * One run of the schedule: gives keys that are due a new value, the longest overdue first, at a pace
 * that leaves Secrets Manager to others. Any number of copies may run. It stops in time to finish what
 * it has begun.
 */
export async function rotateDue(stores: RotationStores, requestId: string): Promise<RotationRun> {
  const { due, now, wait, settings } = stores;
  const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
  const run = { KeysRotated: 0, RotationsFailed: 0, RotationsLeft: 0, OldestRotationSeconds: 0 };
  const overdue = (since: string) => {
    const seconds = Math.round((now().getTime() - Date.parse(since)) / 1000);
    run.OldestRotationSeconds = Math.max(run.OldestRotationSeconds, seconds);
  };

  const found = await due.findRotations(now(), page, deadline.tableLimitMs());
  let nextAt = now().getTime();
  for (const [index, { keyId, dueAt }] of found.entries()) {
    if (!hasTime(deadline)) {
      run.RotationsLeft = found.length - index;
      overdue(dueAt);
      break;
    }
    let since = dueAt;
    try {
      const row = await loadDue(stores, keyId, deadline);
      if (row === null) continue;
      if (isExpired(row, now())) {
        await putOff(stores, keyId, deadline);
        continue;
      }
      since = row.key.key_rotation_at ?? dueAt;
      // Only what goes on to Secrets Manager waits: rows that cannot be read keep nobody from a turn.
      await wait(Math.max(0, nextAt - now().getTime()));
      nextAt = now().getTime() + paceMs;
      await rotate(stores, row, requestId, deadline);
      run.KeysRotated += 1;
    } catch (error) {
      run.RotationsFailed += 1;
      overdue(since);
      stores.onFailure(keyId, error);
      await putOff(stores, keyId, deadline);
    }
  }
  return run;
}

/** The row, where its rotation is due and no step of it open. */
async function loadDue(
  { table, now }: RotationStores,
  keyId: string,
  deadline: Deadline,
): Promise<KeyRow | null> {
  const { target } = await table.load({ target: { keyId } }, deadline.tableLimitMs());
  return target !== null && target.intent === null && isRotationDue(target, now()) ? target : null;
}

async function rotate(
  stores: RotationStores,
  row: KeyRow,
  requestId: string,
  deadline: Deadline,
): Promise<void> {
  const { settings, random, now } = stores;
  await replaceKey(stores)(
    row,
    (current) => scheduledRotation(current, { settings, random, now: now() }),
    () => null,
    {
      loaded: { alias: null },
      caller: { keyId: schedule.principal },
      who: schedule,
      requestId,
      attempt: null,
      deadline,
    },
  );
}

/**
 * Gives a key that is still due its next turn later, so that it is in nobody's way: one that failed
 * before its step was opened, which puts it off by itself, or that has expired and so leaves the index.
 * Should this fail, the next run tries again.
 */
async function putOff(stores: RotationStores, keyId: string, deadline: Deadline): Promise<void> {
  const row = await loadDue(stores, keyId, deadline).catch(() => null);
  if (row === null) return;
  const later = { ...row, rev: row.rev + 1, rotateNotBefore: nextTry(stores.now()) };
  await write(stores, [{ kind: 'replace-row', row: later }], deadline).catch(() => false);
}
