/**
 * Sends the notices that were parked when the day's quota was used up, the longest parked first. It
 * ends at the first that SES does not take: the others would fare no better.
 */
import type { DueNotice } from '../shared/domain/due-notice.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import type { Mail, Notices, ParkedNotice, ParkedNotices } from '../shared/domain/ports.ts';
import { park, readIsOff, type Sending, sendNotice } from './send-notice.ts';

export interface ParkedSending extends Sending {
  readonly notices: Notices & ParkedNotices;
  /** The key's row as it is now; null where there is none any more. */
  readonly rowOf: (keyId: string) => Promise<KeyRow | null>;
  readonly render: (due: DueNotice) => Promise<Mail>;
  /** Whether another notice can still be sent in time. */
  readonly hasTime: () => boolean;
  readonly onFailure: (noticeId: string, error: unknown) => void;
}

/** What one run did, as counts; the metrics are these. */
export interface ParkedRun {
  readonly ParkedMailsSent: number;
  /** Notices that could not be worked on. They stay parked. */
  readonly ParkedMailsFailed: number;
  /** Parked notices whose time had come, as far as one run looks. */
  readonly ParkedMailsFound: number;
}

const pageSize = 100;
const retryMinutes = 10;

/** Safe to run twice and in parallel: each notice is taken first. */
export async function sendParked(sending: ParkedSending): Promise<ParkedRun> {
  const { notices, now, hasTime, onFailure } = sending;
  const run = { ParkedMailsSent: 0, ParkedMailsFailed: 0, ParkedMailsFound: 0 };
  const found = await notices.findParked(now(), pageSize);
  run.ParkedMailsFound = found.length;
  for (const id of found) {
    if (!hasTime()) break;
    try {
      const taken = await notices.takeParked(id, now());
      if (taken === null) continue;
      const outcome = await sendTaken(sending, taken);
      if (outcome === 'stop') break;
      run.ParkedMailsSent += 1;
    } catch (error) {
      // It was taken, and is found again once that is over: nobody else waits for it.
      run.ParkedMailsFailed += 1;
      onFailure(id, error);
    }
  }
  return run;
}

async function sendTaken(sending: ParkedSending, taken: ParkedNotice): Promise<'go-on' | 'stop'> {
  const { notices, rowOf, render, now } = sending;
  const { notice } = taken;
  const row = await rowOf(notice.keyId);
  if (row === null || isStale(row, notice.event)) {
    await notices.markFailed(notice, 'KeyDeleted', now());
    return 'go-on';
  }
  const stored: Omit<DueNotice, 'row'> = JSON.parse(taken.due);
  const due = { ...stored, row };
  const isOff = await readIsOff(notices, notice.event);
  const sent = await sendNotice(sending, notice, due, render, isOff);
  if (sent.kind === 'done') return 'go-on';
  if (sent.kind === 'later') {
    await park(notices, notice, due, { minutes: retryMinutes, reason: sent.reason }, now());
  }
  return 'stop';
}

/** Mails about a key that are of no use once it is deleted. */
const isStale = ({ status }: KeyRow, event: string): boolean =>
  status === 'deleted' && !['key_deleted', 'claim_reused', 'mail_bounced'].includes(event);
