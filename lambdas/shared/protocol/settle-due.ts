import { type Deadline, deadlineOf } from '../domain/deadline.ts';
import type { DueRows } from '../domain/ports.ts';
import { type RepairStores, reconcile } from './reconcile.ts';
import { sweepRow } from './sweep.ts';

export interface RepairRunStores extends RepairStores {
  readonly due: DueRows;
  /** Told about a row that could not be worked on; the run goes on with the next. */
  readonly onTrouble: (keyId: string, error: unknown) => void;
}

/** What one run did, as counts; the metrics are these. */
export interface RepairRun {
  readonly Settled: number;
  readonly Undone: number;
  readonly SecretsRestored: number;
  readonly SecretsRemoved: number;
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

const duePage = 50;
const sweepPage = 50;
const roundMs = 86_400_000;
const stuckAfterClaims = 5;

/**
 * One run of the scheduled function: first what is due, then a page of the sweep, each row once in 24
 * hours. It stops in time to finish what it has begun.
 */
export async function settleDue(stores: RepairRunStores, requestId: string): Promise<RepairRun> {
  const { due, now, settings } = stores;
  const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
  const run = {
    Settled: 0,
    Undone: 0,
    SecretsRestored: 0,
    SecretsRemoved: 0,
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
      if (result === 'nothing' || intent === null) return sweepOne(keyId);
      run[counters[result]] += 1;
      const age = (now().getTime() - Date.parse(intent.opened)) / 1000;
      run.OldestIntentSeconds = Math.max(run.OldestIntentSeconds, Math.round(age));
      if (intent.claim > stuckAfterClaims) run.StuckIntents += 1;
    });
  }
  await sweepNextPage();
  return run;

  async function sweepNextPage(): Promise<void> {
    const state = await due.readSweep(deadline.tableLimitMs());
    const isRoundOver = state === null || state.cursor === null;
    if (isRoundOver && state !== null && now().getTime() < Date.parse(state.startedAt) + roundMs) {
      return;
    }
    const startedAt = isRoundOver ? now().toISOString() : state.startedAt;
    const page = await due.scanRows(state?.cursor ?? null, sweepPage, deadline.tableLimitMs());
    for (const keyId of page.keyIds) {
      // The page is not over: the next run begins it again.
      if (!hasTime(deadline)) return;
      await attend(keyId, () => sweepOne(keyId));
    }
    await due.writeSweep({ cursor: page.cursor, startedAt }, deadline.tableLimitMs());
  }

  async function sweepOne(keyId: string): Promise<void> {
    const result = await sweepRow(stores, keyId, requestId, deadline);
    if (result === 'missing') run.SecretsMissing += 1;
  }

  async function attend(keyId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      run.Failed += 1;
      stores.onTrouble(keyId, error);
    }
  }
}

const counters = {
  left: 'Left',
  settled: 'Settled',
  undone: 'Undone',
  restored: 'SecretsRestored',
  cleaned: 'SecretsRemoved',
} as const;

/** A pass makes several calls; none is begun that could not end. */
const hasTime = (deadline: Deadline): boolean => deadline.secretLimitMs() > 0;
