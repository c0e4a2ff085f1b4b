/** What on AWS happens beside the requests: the readers of the stream, and what runs on a schedule. */
import { auditKeyChange } from '../../lambdas/audit-key-change/handler.ts';
import { emailKeyChange } from '../../lambdas/email-key-change/handler.ts';
import { describe, log } from '../../lambdas/shared/adapters/log.ts';
import { rowStreamHandler } from '../../lambdas/shared/adapters/row-stream.ts';
import type { startedService } from '../../test/fakes/service.ts';
import { StreamPoller } from '../../test/fakes/stream-poller.ts';
import { sequences } from '../local/sequences.ts';
import type { SentMail } from '../watch/happenings.ts';

export type Service = Awaited<ReturnType<typeof startedService>>;

export interface Background {
  /** Mails sent so far, in that order. */
  readonly mails: readonly SentMail[];
  /** Delivers what is new on the stream to both readers, in order. Never throws. */
  deliver(): Promise<void>;
}

const deliveryMs = 1000;
const scheduledMs = 3000;

/** Runs until the process ends; what the schedule writes reaches the readers a second later. */
export function startBackground(service: Service, onMail: (mail: SentMail) => void): Background {
  const { table, trail, notices, mailer, claimLinks, settings, now } = service;
  // One poller each, as on AWS: a mail that cannot go out holds back no audit record.
  const readers = [
    rowStreamHandler(
      'audit-key-change',
      auditKeyChange(() => trail),
    ),
    rowStreamHandler(
      'email-key-change',
      emailKeyChange(() => ({ notices, mailer, claimLinks, settings, now })),
    ),
  ].map((reader) => new StreamPoller(table.changes, reader, { shards: 1, now }));
  const mails: SentMail[] = [];
  const oneByOne = sequences();

  const noteMails = () => {
    for (const mail of mailer.inbox.slice(mails.length)) {
      const sent = { ...mail, at: now().toISOString() };
      mails.push(sent);
      onMail(sent);
    }
  };

  const deliver = () =>
    oneByOne('stream', async () => {
      for (const reader of readers) await reader.drain();
      noteMails();
    }).catch(report('stream'));

  const scheduled = (operation: string, run: () => Promise<object>) => () =>
    oneByOne('scheduled', async () => {
      const done = Object.entries(await run()).filter(([, count]) => count > 0);
      if (done.length === 0) return;
      log('info', done.map(([what, count]) => `${what} ${count}`).join(', '), { operation });
    }).catch(report(operation));
  const repair = scheduled('settle-due', service.repair);
  const rotate = scheduled('rotate-due-keys', service.rotate);

  setInterval(() => void deliver(), deliveryMs);
  setInterval(() => void repair(), scheduledMs);
  setInterval(() => void rotate(), scheduledMs);
  return { mails, deliver };
}

/** As a failed run does on AWS: it is logged, and the next one goes on. */
const report = (operation: string) => (error: unknown) =>
  log('error', 'run failed', { operation, error: describe(error) });
