import { type AuditGap, noteSwitch } from '../domain/audit-gap.ts';
import { deadlineOf } from '../domain/deadline.ts';
import { masterKeyId } from '../domain/key-format.ts';
import type { KeyRow } from '../domain/key-row.ts';
import { pooled } from '../domain/pooled.ts';
import type { DueRows, TrailLinks } from '../domain/ports.ts';
import { isReminderDue } from '../domain/reminder.ts';
import { compareTrail } from './compare-trail.ts';
import { hasTime, type RepairStores } from './pass.ts';
import { reconcile } from './reconcile.ts';
import { remind } from './remind.ts';
import { sweepRow } from './sweep.ts';

export interface RepairRunStores extends RepairStores {
  readonly due: DueRows;
  readonly trailLinks: TrailLinks;
  /**
   * Told about a row that needs a person: it could not be worked on, its intent stays open, its
   * secret is gone, its audit trail has a gap, or was not compared to its start. The run goes on with
   * the next.
   */
  readonly onTrouble: (
    keyId: string,
    trouble: 'failed' | 'stuck' | 'missing' | 'audit-gap' | 'audit-unfinished',
    more?: { readonly error?: unknown; readonly gap?: AuditGap },
  ) => void;
}

/** What one run did, as counts; the metrics are these. */
export interface RepairRun {
  readonly Settled: number;
  readonly Undone: number;
  readonly SecretsRestored: number;
  readonly SecretsRemoved: number;
  /** Grace periods that were over. */
  readonly OverlapsEnded: number;
  /** Passes that ended without closing the intent; a later run goes on. */
  readonly Left: number;
  /** Live keys whose secret is gone. */
  readonly SecretsMissing: number;
  /** Keys whose audit trail lacks a record, or has one that is not as it was written. */
  readonly AuditGap: number;
  /** Keys whose audit trail was too long, or the time too short, to compare it to its start. */
  readonly TrailsUnfinished: number;
  /** Owners who are to be told that their key expires. */
  readonly Reminded: number;
  /** Rows that threw. */
  readonly Failed: number;
  /** Intents claimed more than five times. */
  readonly StuckIntents: number;
  /** Seconds since the oldest intent found was opened; 0 without any. */
  readonly OldestIntentSeconds: number;
}

const duePage = 200;
/** A run a minute gets through 30,000 an hour; beside them SES must take the mails of all changes. */
const remindersPage = 500;
const remindersAtOnce = 5;
const sweepPage = 50;
/** Rows the sweep looks at per run, so that a run a minute gets through 700,000 a day. */
const sweepMost = 500;
const roundMs = 86_400_000;
const stuckAfterClaims = 5;

/**
 * One run of the scheduled function: first what is due, then the sweep, which gets to each row once
 * in 24 hours. It stops in time to finish what it has begun.
 */
export async function settleDue(stores: RepairRunStores, requestId: string): Promise<RepairRun> {
  const { due, now, settings } = stores;
  const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
  const run = {
    Settled: 0,
    Undone: 0,
    SecretsRestored: 0,
    SecretsRemoved: 0,
    OverlapsEnded: 0,
    Left: 0,
    SecretsMissing: 0,
    AuditGap: 0,
    TrailsUnfinished: 0,
    Reminded: 0,
    Failed: 0,
    StuckIntents: 0,
    OldestIntentSeconds: 0,
  };

  for (const keyId of await due.findDue(now(), duePage, deadline.tableLimitMs())) {
    if (!hasTime(deadline)) return run;
    await attend(keyId, async () => {
      const { result, intent } = await reconcile(stores, keyId, requestId, deadline);
      if (result === 'nothing') return sweepOne(await rowOf(keyId));
      if (result !== 'lost') run[counters[result]] += 1;
      if (intent === null) return;
      const age = (now().getTime() - Date.parse(intent.opened)) / 1000;
      run.OldestIntentSeconds = Math.max(run.OldestIntentSeconds, Math.round(age));
      if (result === 'lost') missing(keyId);
      if (intent.claim > stuckAfterClaims) {
        run.StuckIntents += 1;
        stores.onTrouble(keyId, 'stuck');
      }
    });
  }
  await attend('reminders', remindOwners);
  // What the sweep could not do it does in the next run; what was repaired counts all the same.
  await attend('sweep', sweepOn);
  return run;

  async function remindOwners(): Promise<void> {
    if (!hasTime(deadline)) return;
    const found = await due.findReminders(now(), remindersPage, deadline.tableLimitMs());
    await pooled(found, remindersAtOnce, (keyId) => attend(keyId, () => remindOwner(keyId)));
  }

  async function remindOwner(keyId: string): Promise<void> {
    if (hasTime(deadline) && (await remind(stores, keyId, deadline))) run.Reminded += 1;
  }

  async function sweepOn(): Promise<void> {
    if (!hasTime(deadline)) return;
    const state = await due.readSweep(deadline.tableLimitMs());
    const audit = noteSwitch(state ?? neverOff, settings.storeAuditLogs, now());
    // Now, for the round may be over, and the switch be back where it was when the next one begins.
    if (state !== null && audit.isAuditOff !== state.isAuditOff) {
      await due.writeSweep({ ...state, ...audit }, deadline.tableLimitMs());
    }
    const isRoundOver = state === null || state.cursor === null;
    if (isRoundOver && state !== null && now().getTime() < Date.parse(state.startedAt) + roundMs) {
      return;
    }
    const round = { startedAt: isRoundOver ? now().toISOString() : state.startedAt, ...audit };
    const compare = (row: KeyRow | null) => lookAtTrail(row, audit.auditedSince);
    // The admin key's row is in no index that is gone through.
    if (isRoundOver) await attend(masterKeyId, async () => compare(await rowOf(masterKeyId)));
    let cursor = state?.cursor ?? null;
    for (let swept = 0; swept < sweepMost; ) {
      const page = await due.scanRows(cursor, sweepPage, deadline.tableLimitMs());
      for (const { keyId, next } of page.rows) {
        if (!hasTime(deadline)) break;
        await attend(keyId, async () => {
          const read = await rowOf(keyId);
          // Not indexed for it, as a row that no release has written since there are reminders.
          const isForgotten = read !== null && isReminderDue(read, now());
          if (isForgotten) await attend(keyId, () => remindOwner(keyId));
          const row = isForgotten ? await rowOf(keyId) : read;
          // At once, so that a row takes no longer than Secrets Manager does anyway.
          await Promise.all([
            attend(keyId, () => sweepOne(row)),
            attend(keyId, () => compare(row)),
          ]);
        });
        swept += 1;
        cursor = next;
      }
      if (!hasTime(deadline)) break;
      cursor = page.next;
      if (cursor === null) return due.writeSweep({ cursor, ...round }, deadline.tableLimitMs());
    }
    // Not one row was looked at: the next run begins where this one did.
    if (cursor === null) return;
    await due.writeSweep({ cursor, ...round }, deadline.tableLimitMs());
  }

  async function rowOf(keyId: string): Promise<KeyRow | null> {
    return (await stores.table.load({ target: { keyId } }, deadline.tableLimitMs())).target;
  }

  async function sweepOne(row: KeyRow | null): Promise<void> {
    const result = await sweepRow(stores, row, requestId, deadline);
    if (row !== null && result === 'missing') missing(row.keyId);
  }

  async function lookAtTrail(row: KeyRow | null, auditedSince: string | null): Promise<void> {
    if (row === null || !settings.storeAuditLogs) return;
    const gap = await compareTrail(stores.trailLinks, { row, now: now(), auditedSince }, deadline);
    if (gap === null) return;
    if (gap === 'unfinished') {
      run.TrailsUnfinished += 1;
      stores.onTrouble(row.keyId, 'audit-unfinished');
      return;
    }
    run.AuditGap += 1;
    stores.onTrouble(row.keyId, 'audit-gap', { gap });
  }

  function missing(keyId: string): void {
    run.SecretsMissing += 1;
    stores.onTrouble(keyId, 'missing');
  }

  async function attend(keyId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      run.Failed += 1;
      stores.onTrouble(keyId, 'failed', { error });
    }
  }
}

const counters = {
  left: 'Left',
  settled: 'Settled',
  undone: 'Undone',
  restored: 'SecretsRestored',
  cleaned: 'SecretsRemoved',
  'overlap-ended': 'OverlapsEnded',
} as const;

const neverOff = { isAuditOff: false, auditedSince: null } as const;
