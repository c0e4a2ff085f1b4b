import { type Deadline, deadlineOf } from '../domain/deadline.ts';
import type { DueRows } from '../domain/ports.ts';
import type { RepairStores } from './pass.ts';
import { reconcile } from './reconcile.ts';
import { sweepRow } from './sweep.ts';

export interface RepairRunStores extends RepairStores {
  readonly due: DueRows;
  /**
   * Told about a row that needs a person: it could not be worked on, its intent stays open, or its
   * secret is gone. The run goes on with the next.
   */
  readonly onTrouble: (
    keyId: string,
    trouble: 'failed' | 'stuck' | 'missing',
    error?: unknown,
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
  /** Rows that threw. */
  readonly Failed: number;
  /** Intents claimed more than five times. */
  readonly StuckIntents: number;
  /** Seconds since the oldest intent found was opened; 0 without any. */
  readonly OldestIntentSeconds: number;
}

const duePage = 200;
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
    Failed: 0,
    StuckIntents: 0,
    OldestIntentSeconds: 0,
  };

  for (const keyId of await due.findDue(now(), duePage, deadline.tableLimitMs())) {
    if (!hasTime(deadline)) return run;
    await attend(keyId, async () => {
      const { result, intent } = await reconcile(stores, keyId, requestId, deadline);
      if (result === 'nothing') return sweepOne(keyId);
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
  // What the sweep could not do it does in the next run; what was repaired counts all the same.
  await attend('sweep', sweepOn);
  return run;

  async function sweepOn(): Promise<void> {
    if (!hasTime(deadline)) return;
    const state = await due.readSweep(deadline.tableLimitMs());
    const isRoundOver = state === null || state.cursor === null;
    if (isRoundOver && state !== null && now().getTime() < Date.parse(state.startedAt) + roundMs) {
      return;
    }
    const startedAt = isRoundOver ? now().toISOString() : state.startedAt;
    let cursor = state?.cursor ?? null;
    for (let swept = 0; swept < sweepMost; ) {
      const page = await due.scanRows(cursor, sweepPage, deadline.tableLimitMs());
      for (const { keyId, next } of page.rows) {
        if (!hasTime(deadline)) break;
        await attend(keyId, () => sweepOne(keyId));
        swept += 1;
        cursor = next;
      }
      if (!hasTime(deadline)) break;
      cursor = page.next;
      if (cursor === null) return due.writeSweep({ cursor, startedAt }, deadline.tableLimitMs());
    }
    // Not one row was looked at: the next run begins where this one did.
    if (cursor === null) return;
    await due.writeSweep({ cursor, startedAt }, deadline.tableLimitMs());
  }

  async function sweepOne(keyId: string): Promise<void> {
    const result = await sweepRow(stores, keyId, requestId, deadline);
    if (result === 'missing') missing(keyId);
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
      stores.onTrouble(keyId, 'failed', error);
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

/** A pass makes several calls; none is begun that could not end. */
const hasTime = (deadline: Deadline): boolean => deadline.secretLimitMs() > 0;
