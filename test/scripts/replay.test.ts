/** A replay of the failure bucket, through the readers as they are deployed and over stores in memory. */
import { array, assert, asyncProperty, constantFrom, nat, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditTrail, Mailer } from '../../lambdas/shared/domain/ports.ts';
import type { RecordedBatch } from '../../scripts/replay/recorded-batch.ts';
import {
  type Outcome,
  type ReplayRun,
  replayObjects,
} from '../../scripts/replay/replay-objects.ts';
import {
  type InvokeReader,
  type ReaderAnswer,
  replayRecords,
} from '../../scripts/replay/replay-records.ts';
import { counted, linesOf, noObjects, sumOf } from '../../scripts/replay/replay-report.ts';
import { MemoryGivenUp } from '../fakes/memory-given-up.ts';
import { startedService } from '../fakes/service.ts';
import { invocationRecord } from '../fixtures/invocation-record.ts';
import { auditArn, emailArn, streamRecords, through } from '../fixtures/replayed.ts';
import {
  addresses,
  auditHandler,
  broken,
  drain,
  emailHandler,
  lifeOf,
  pollerOf,
} from '../lambdas/fixtures/readers.ts';
import type { Service } from '../lambdas/fixtures/stored.ts';

const noTable: AuditTrail = {
  append: () => Promise.reject(new Error('The table is gone')),
};
const noMail: Mailer = { send: async () => ({ kind: 'refused', reason: 'AccountSendingPaused' }) };

/** A service whose readers gave everything up, three records to an object, and what mails it owes. */
async function givenUp() {
  const service = await startedService();
  const owed = await lifeOf(service);
  const bucket = new MemoryGivenUp();
  const options = { retries: 0 };
  const audit = pollerOf(service, auditHandler(noTable), options);
  const mails = pollerOf(service, emailHandler(service, service.notices, noMail), options);
  await drain(service, audit, mails);
  for (const [arn, records] of [
    [auditArn, audit.failures],
    [emailArn, mails.failures],
  ] as const) {
    for (let from = 0; from < records.length; from += 3) {
      const text = invocationRecord(arn, records.slice(from, from + 3));
      bucket.objects.set(`${arn.split('-Streams')[1]}/${from}`, text);
    }
  }
  expect(broken(service)).not.toEqual([]);
  return { service, owed, bucket, objects: new Map(bucket.objects) };
}

const readersOver = (service: Service) => {
  const invoke = {
    'audit-key-change': through(auditHandler(service.trail)),
    'email-key-change': through(emailHandler(service, service.notices, service.mailer)),
  };
  return ({ reader }: RecordedBatch): InvokeReader => invoke[reader];
};

/** Outcomes by object. */
async function replayed(
  bucket: MemoryGivenUp,
  readerOf: ReplayRun['readerOf'],
  changes: Partial<ReplayRun> = {},
): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {};
  await replayObjects({
    givenUp: bucket,
    readerOf,
    reader: null,
    only: null,
    isApplied: true,
    onObject: (name, outcome) => {
      outcomes[name] = outcome;
    },
    ...changes,
  });
  return outcomes;
}

const kindsOf = (outcomes: Record<string, Outcome>) => [
  ...new Set(Object.values(outcomes).map(({ kind }) => kind)),
];

function expectAllDone({ service, owed }: Awaited<ReturnType<typeof givenUp>>): void {
  expect(broken(service)).toEqual([]);
  expect(service.trail.records.size).toBe(
    service.table.rows().reduce((sum, { seq }) => sum + seq, 0),
  );
  expect(addresses(service)).toEqual(owed.toSorted());
}

describe('a replay', () => {
  it('brings every audit record and mail that was given up, each once, and leaves nothing', async () => {
    const all = await givenUp();
    const outcomes = await replayed(all.bucket, readersOver(all.service));
    expect(kindsOf(outcomes)).toEqual(['replayed']);
    expect(Object.keys(outcomes)).toEqual([...all.objects.keys()]);
    expectAllDone(all);
    expect(all.bucket.objects.size).toBe(0);
  });

  it('comes to the same where it is done twice, as by somebody who kept the objects', async () => {
    const all = await givenUp();
    await replayed(all.bucket, readersOver(all.service));
    const records = structuredClone(all.service.trail.records);
    for (const [name, text] of all.objects) all.bucket.objects.set(name, text);
    expect(kindsOf(await replayed(all.bucket, readersOver(all.service)))).toEqual(['replayed']);
    expectAllDone(all);
    expect(all.service.trail.records).toEqual(records);
  });

  it('goes on where it was stopped, after whatever call', async () => {
    const { objects } = await givenUp();
    for (let calls = 0; calls < objects.size; calls += 1) {
      const all = await givenUp();
      const readerOf = readersOver(all.service);
      let left = calls;
      const dying: ReplayRun['readerOf'] = (batch) => async (records) => {
        if (left === 0) throw new Error('killed');
        left -= 1;
        return readerOf(batch)(records);
      };
      await expect(replayed(all.bucket, dying)).rejects.toThrow('killed');
      expect(all.bucket.objects.size).toBe(objects.size - calls);
      await replayed(all.bucket, readerOf);
      expectAllDone(all);
    }
  });

  it('can be run by two people at once', async () => {
    const all = await givenUp();
    const readerOf = readersOver(all.service);
    const runs = await Promise.all([1, 2].map(() => replayed(all.bucket, readerOf)));
    expect(runs.flatMap(kindsOf)).toContain('replayed');
    all.service.clock.advance(20_000);
    await replayed(all.bucket, readerOf);
    expectAllDone(all);
    expect(all.bucket.objects.size).toBe(0);
  });

  it('stops where Lambda refuses the call, and removes nothing of that object', async () => {
    const all = await givenUp();
    const refused = () => () => Promise.reject(new Error('not authorized'));
    await expect(replayed(all.bucket, refused)).rejects.toThrow('not authorized');
    expect(all.bucket.objects).toEqual(all.objects);
  });

  it('keeps an object with a record that fails again, names it, and replays all others', async () => {
    const all = await givenUp();
    const [name = '', text = ''] = [...all.objects][0] ?? [];
    const event = JSON.parse(JSON.parse(text).payload);
    const poison = structuredClone(event.Records[0]);
    poison.dynamodb.SequenceNumber = 'poison';
    poison.dynamodb.NewImage.v = { N: '99' };
    const mixed = invocationRecord(auditArn, [poison, ...event.Records, poison]);
    all.bucket.objects.set(name, mixed);
    for (let times = 0; times < 2; times += 1) {
      const outcome = (await replayed(all.bucket, readersOver(all.service)))[name];
      expect(outcome).toMatchObject({ kind: 'left', failures: [{ record: poison }, {}] });
      expectAllDone(all);
      expect([...all.bucket.objects]).toEqual([[name, mixed]]);
    }
    const fixed = () => through(async () => ({ batchItemFailures: [] }));
    expect(kindsOf(await replayed(all.bucket, fixed))).toEqual(['replayed']);
    expect(all.bucket.objects.size).toBe(0);
  });

  it('calls nobody and removes nothing unless it is applied', async () => {
    const all = await givenUp();
    const never = () => () => Promise.reject(new Error('It was called'));
    const outcomes = await replayed(all.bucket, never, { isApplied: false });
    expect(kindsOf(outcomes)).toEqual(['found']);
    expect(all.bucket.objects).toEqual(all.objects);
  });

  it('is of one reader, or of one object, where that is asked for', async () => {
    const all = await givenUp();
    const readerOf = readersOver(all.service);
    const [only = '', ...others] = [...all.objects.keys()];
    expect(Object.keys(await replayed(all.bucket, readerOf, { only }))).toEqual([only]);
    expect([...all.bucket.objects.keys()]).toEqual(others);
    expect(await replayed(all.bucket, readerOf, { only })).toEqual({ [only]: { kind: 'gone' } });
    const reader = 'email-key-change';
    await replayed(all.bucket, readerOf, { reader });
    expect([...all.bucket.objects.values()].filter((text) => text.includes(emailArn))).toEqual([]);
    expect(all.bucket.objects.size).toBeGreaterThan(0);
    expect(addresses(all.service)).toEqual(all.owed.toSorted());
  });
});

describe('an object that no reader left', () => {
  const record = { dynamodb: { SequenceNumber: '1', Keys: { pk: { S: 'KEY#a' } } } };
  const strangers = {
    'is no JSON': '{"requestContext"',
    'is another document': '{"version": "1.0"}',
    'has only the place in the stream': invocationRecord(auditArn, [record], {
      payload: undefined,
    }),
    'has a text that is no event': invocationRecord(auditArn, [], { payload: 'hello' }),
    'has no records': invocationRecord(auditArn, []),
    'has a record without a place': invocationRecord(auditArn, [record, {}]),
    'is of another function': invocationRecord(auditArn.replace('audit', 'other'), [record]),
  };

  it.each(Object.entries(strangers))('stays where it %s, and holds nothing up', async (_, text) => {
    const all = await givenUp();
    const bucket = new MemoryGivenUp();
    bucket.objects.set('stray', text);
    for (const [name, object] of all.objects) bucket.objects.set(name, object);
    const outcomes = await replayed(bucket, readersOver(all.service));
    expect(outcomes['stray']?.kind).toBe('unreadable');
    expectAllDone(all);
    expect([...bucket.objects]).toEqual([['stray', text]]);
  });

  it('is replayed where the event is no text', async () => {
    const all = await givenUp();
    for (const [name, text] of all.objects) {
      const object = JSON.parse(text);
      const payload = JSON.parse(object.payload);
      all.bucket.objects.set(name, JSON.stringify({ ...object, payload }));
    }
    await replayed(all.bucket, readersOver(all.service));
    expectAllDone(all);
  });
});

describe('the records of an object', () => {
  const numbered = (count: number, image = '') =>
    streamRecords(
      Array.from({ length: count }, (_, index) => ({
        dynamodb: {
          SequenceNumber: String(index),
          Keys: { pk: { S: `KEY#${index}` } },
          NewImage: { metadata: { S: image } },
        },
      })),
    );
  const numbersOf = (records: readonly { dynamodb: { SequenceNumber: string } }[]) =>
    records.map(({ dynamodb }) => dynamodb.SequenceNumber);

  /** The ways in which a reader tells that records are bad. */
  const manners: Record<string, (bad: string[]) => ReaderAnswer> = {
    'names each': (bad: string[]) => ({ kind: 'answered', failed: bad }),
    'names the first': (bad: string[]) => ({ kind: 'answered', failed: bad.slice(0, 1) }),
    'names none of the batch': () => ({ kind: 'answered', failed: ['', 'x'] }),
    crashes: () => ({ kind: 'broken', reason: 'Runtime.ExitError' }),
  };

  it('fail again exactly where they are bad, however the reader says so', async () => {
    const manner = constantFrom(...Object.values(manners));
    await assert(
      asyncProperty(uniqueArray(nat(19)), array(manner, { minLength: 1 }), async (bad, all) => {
        const done = new Set<string>();
        let calls = 0;
        const invoke: InvokeReader = async (records) => {
          const numbers = numbersOf(records);
          const failed = numbers.filter((number) => bad.includes(Number(number)));
          const first = numbers.findIndex((number) => failed.includes(number));
          for (const number of numbers.slice(0, first === -1 ? 20 : first)) done.add(number);
          const say = all[calls % all.length];
          calls += 1;
          return failed.length === 0 || say === undefined
            ? { kind: 'answered', failed: [] }
            : say(failed);
        };
        const failures = await replayRecords(numbered(20), invoke);
        const expected = bad.toSorted((one, other) => one - other).map(String);
        expect(numbersOf(failures.map(({ record }) => record))).toEqual(expected);
        expect(done.size).toBe(20 - bad.length);
      }),
    );
  });

  it('go in several calls where they are more than Lambda takes, in their order', async () => {
    const calls: string[][] = [];
    const records = numbered(40, '🔑"'.repeat(60_000));
    const failures = await replayRecords(records, async (batch) => {
      const bytes = Buffer.byteLength(JSON.stringify({ Records: batch }));
      expect(bytes).toBeLessThan(6 * 1024 * 1024);
      calls.push(numbersOf(batch));
      return { kind: 'answered', failed: [] };
    });
    expect(failures).toEqual([]);
    expect(calls.length).toBeGreaterThan(1);
    expect(calls.length).toBeLessThan(10);
    expect(calls.flat()).toEqual(numbersOf(records));
  });
});

describe('what the operator reads', () => {
  it('names keys by their ids, and has nothing of their rows', async () => {
    const all = await givenUp();
    const text = [];
    let tally = noObjects;
    const crashing = () => through(() => Promise.reject(new Error('Task timed out')));
    const outcomes = [
      await replayed(all.bucket, readersOver(all.service), { isApplied: false }),
      await replayed(all.bucket, crashing),
    ];
    for (const [name, outcome] of outcomes.flatMap((found) => Object.entries(found))) {
      text.push(linesOf(name, outcome));
      tally = counted(tally, outcome);
    }
    const said = text.join('\n');
    expect(said).toMatch(/audit-key-change, 3 records of \w+.* \(RetryAttemptsExhausted\)/);
    expect(said).toMatch(/ {2}\w+, sequence number \w+: Error: Task timed out/);
    for (const { cur, alias } of all.service.table.rows()) {
      expect(said).not.toContain(cur.hash);
      if (alias !== null) expect(said).not.toContain(alias);
    }
    expect(said).not.toContain('example.com');
    expect(sumOf(tally, true)).toContain(`${all.objects.size} left with`);
  });

  it('ends with what stays', () => {
    const strange = counted(noObjects, { kind: 'unreadable', reason: 'It is no JSON' });
    expect(sumOf(strange, false)).toBe('0 objects with 0 records, 1 unreadable');
    expect(sumOf(noObjects, true)).toBe('0 objects replayed and removed');
  });
});
