/** Both readers, their batches full and their stores silent: they end before their time-out. */
import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { auditKeyChange } from '../../lambdas/audit-key-change/handler.ts';
import { emailKeyChange } from '../../lambdas/email-key-change/handler.ts';
import { readerLimits } from '../../lambdas/shared/adapters/reader-limits.ts';
import { type RowChange, rowStreamHandler } from '../../lambdas/shared/adapters/row-stream.ts';
import type { AuditTrail, ClaimLinks, Mailer, Notices } from '../../lambdas/shared/domain/ports.ts';
import { lambdaContext } from '../fakes/gateway-event.ts';
import { startedService } from '../fakes/service.ts';
import { streamRecordOf } from '../fakes/stream-record.ts';
import type { Service } from './fixtures/stored.ts';

const timeoutMs = 60_000;
const { tableMs, mailMs } = readerLimits;

/** The two writes of a birth that asked for a mail, each as full a batch as the reader gets. */
async function batches(service: Service): Promise<{ opened: Batch; settled: Batch }> {
  await service.generate({ send_invite_email: true, user_email: 'ada@example.com' });
  const [opened, settled] = service.table.changes
    .filter(({ pk }) => pk.startsWith('KEY#'))
    .slice(-2)
    .map(streamRecordOf);
  if (opened === undefined || settled === undefined) throw new Error('No writes');
  return { opened: repeated(opened, 100), settled: repeated(settled, 10) };
}

type Batch = readonly DynamoDBRecord[];

const repeated = (record: DynamoDBRecord, times: number): Batch =>
  Array.from({ length: times }, (_, index) => ({
    ...record,
    dynamodb: { ...record.dynamodb, SequenceNumber: String(index) },
  }));

/** One invocation, on a clock that only the calls move: what failed, and how much time was left. */
async function invoked(
  { now }: Service,
  batch: Batch,
  read: (change: RowChange) => Promise<void>,
): Promise<{ failed: string[]; leftMs: number }> {
  const end = now().getTime() + timeoutMs;
  const leftMs = () => end - now().getTime();
  const context = { ...lambdaContext, getRemainingTimeInMillis: leftMs };
  const answer = await rowStreamHandler('test', read)({ Records: [...batch] }, context);
  const failed = answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  return { failed, leftMs: leftMs() };
}

const numbersOf = (batch: Batch) => batch.map(({ dynamodb }) => dynamodb?.SequenceNumber);

describe('a reader whose stores are silent', () => {
  it('audit: ends in time, all its records to come again', async () => {
    const service = await startedService();
    const { opened } = await batches(service);
    let appends = 0;
    const silent: AuditTrail = {
      async append() {
        appends += 1;
        service.clock.advance(tableMs);
        throw new Error('No answer');
      },
    };
    const { failed, leftMs } = await invoked(
      service,
      opened,
      auditKeyChange(() => silent),
    );
    expect(failed).toEqual(numbersOf(opened));
    expect(leftMs).toBeGreaterThanOrEqual(1000);
    expect(appends).toBeGreaterThan(1);
  });

  it('audit: what it wrote before the time ran out does not come again', async () => {
    const service = await startedService();
    const { opened } = await batches(service);
    const slow: AuditTrail = {
      async append(record) {
        service.clock.advance(tableMs - 1);
        await service.trail.append(record);
      },
    };
    const { failed, leftMs } = await invoked(
      service,
      opened,
      auditKeyChange(() => slow),
    );
    const written = opened.length - failed.length;
    expect(written).toBeGreaterThan(1);
    expect(failed).toEqual(numbersOf(opened).slice(written));
    expect(leftMs).toBeGreaterThanOrEqual(1000);
  });

  it('mail: ends in time, where each call takes all that it may', async () => {
    const service = await startedService();
    const { settled } = await batches(service);
    const { settings, now, clock } = service;
    let sends = 0;
    const gone = async () => {
      clock.advance(tableMs);
      throw new Error('No answer');
    };
    const notices: Notices = {
      async take() {
        clock.advance(tableMs);
        return 'taken';
      },
      giveBack: gone,
      markSent: gone,
      markFailed: gone,
    };
    const claimLinks: ClaimLinks = {
      // It finds no earlier link, and writes one.
      async issue() {
        clock.advance(2 * tableMs);
        return 'https://keys.example.com/claim#token';
      },
    };
    const mailer: Mailer = {
      async send() {
        sends += 1;
        clock.advance(mailMs);
        return { kind: 'unanswered' };
      },
    };
    const { failed, leftMs } = await invoked(
      service,
      settled,
      emailKeyChange(() => ({ notices, mailer, claimLinks, settings, now })),
    );
    expect(failed).toEqual(numbersOf(settled));
    expect(leftMs).toBeGreaterThanOrEqual(1000);
    expect(sends).toBeGreaterThan(1);
  });
});
