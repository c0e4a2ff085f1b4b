/**
 * Reads what SES tells of mails from the queue behind its topic, and notes it. Safe to run twice and
 * in any order; what cannot be worked on is told again, and ends in the dead-letter queue.
 */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { documentClient } from '../shared/adapters/clients.ts';
import { log } from '../shared/adapters/log.ts';
import { type Metrics, metricsOf } from '../shared/adapters/metrics.ts';
import { queueHandler } from '../shared/adapters/queue.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { noticesPart } from '../shared/adapters/table/notices-part.ts';
import { noticesTable } from '../shared/adapters/table/notices-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { deadlineOf } from '../shared/domain/deadline.ts';
import { isReturned } from '../shared/domain/notice.ts';
import type { Deliveries, Notice } from '../shared/domain/ports.ts';
import type { TableStores } from '../shared/protocol/commit.ts';
import { noteReturn } from '../shared/protocol/note-return.ts';
import { type MailNews, mailNewsOf } from './ses-event.ts';

export interface DeliveryDeps extends TableStores {
  readonly deliveries: Deliveries;
}

/**
 * - `noted`: the notice has gone further
 * - `returned`: the mail did not arrive, or was not wanted; told again it may be said again
 * - `behind`: it had gone as far before
 * - `unknown`: of no notice that is there
 * - `other`: nothing that counts here
 */
export type Recorded = 'noted' | 'returned' | 'behind' | 'unknown' | 'other';

/** Records one event. Throws where it must be told again, and where it is none. */
export const recordDelivery =
  (wire: () => DeliveryDeps) =>
  async (body: string, requestId: string): Promise<Recorded> => {
    const news = mailNewsOf(body);
    if (news === null) return 'other';
    const { deliveries, ...stores } = wire();
    const notice = await deliveries.find(news.noticeId);
    if (notice === null) return 'unknown';
    const { id, keyId, event, rev } = notice;
    const isTold = notice.state === news.to.state && notice.at === news.to.at;
    // After a crash that came before the metric, the same event counts again: rather twice than never.
    if (isTold) return isReturned(news.to.state) ? 'returned' : 'behind';
    return isReturned(news.to.state)
      ? recordReturn(deliveries, stores, { id, keyId, event, rev }, news, requestId)
      : deliveries.advance({ id, keyId, event, rev }, news.to, news.messageId);
  };

async function recordReturn(
  deliveries: Deliveries,
  stores: TableStores,
  notice: Notice,
  { to, recipient, messageId }: MailNews,
  requestId: string,
): Promise<Recorded> {
  const deadline = deadlineOf(stores.settings.timing.functionTimeoutSeconds, stores.now);
  const returned = { notice, to, recipient, requestId };
  const outcome = await noteReturn(stores, returned, deadline);
  if (outcome === 'behind') return outcome;
  if (outcome === 'no-key') {
    const noted = await deliveries.advance(notice, to, messageId);
    return noted === 'noted' ? 'returned' : noted;
  }
  return 'returned';
}

const wire = (): DeliveryDeps => {
  const { KEYS_TABLE, NOTICES_TABLE } = readConfig('KEYS_TABLE', 'NOTICES_TABLE');
  return {
    table: keyTable(documentClient, KEYS_TABLE, null, noticesPart(NOTICES_TABLE)),
    deliveries: noticesTable(documentClient, NOTICES_TABLE),
    random: secureRandom,
    now: () => new Date(),
    settings: readSettings(),
  };
};

/** The handler, with what it reaches outside itself. */
export const deliveryHandler =
  (wired: () => DeliveryDeps, count: (metrics: Readonly<Record<string, number>>) => Metrics) =>
  async (event: SQSEvent, context?: Context): Promise<SQSBatchResponse> => {
    const record = recordDelivery(wired);
    const counts = { MailsBounced: 0, DeliveriesUnknown: 0 };
    const read = async (body: string, messageId: string) => {
      const recorded = await record(body, messageId);
      if (recorded === 'returned') counts.MailsBounced += 1;
      if (recorded !== 'unknown') return;
      counts.DeliveriesUnknown += 1;
      // The runbook looks for it by its message.
      log('info', 'delivery unknown', { operation: 'record-delivery', message_id: messageId });
    };
    const countAll = (failed: number) => count({ ...counts, DeliveriesFailed: failed });
    return queueHandler('record-delivery', read, countAll)(event, context);
  };

export const handler = deliveryHandler(wire, (counts) =>
  metricsOf(readSettings().environment, counts),
);
