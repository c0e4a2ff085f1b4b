/**
 * `npm run replay` on the deployed stack. The objects are put into the failure bucket by hand, in the
 * form that AWS documents: the local AWS gives no record up into a bucket.
 */
import { setTimeout } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, expect, inject, it } from 'vitest';
import { failureBucketOf, failureObjects } from '../../scripts/replay/failure-objects.ts';
import { invocationRecord } from '../fixtures/invocation-record.ts';
import { issued } from './api-client.ts';
import { auditOf, mailsTo, outputOf, removeItem, rowOf } from './local-aws.ts';
import { operatorCommand } from './operator-command.ts';
import { poisonRecord, settledBirth, streamRecord } from './recorded-writes.ts';
import { trailOf } from './trail.ts';

const { endpoint, region, credentials, accountId } = inject('deployed');
const client = new S3Client({ endpoint, region, credentials });
const Bucket = outputOf('FailureBucketName');

const { give } = operatorCommand({ AWS_ENDPOINT_URL: endpoint }, `--bucket=${Bucket}`);
const replay = (...args: string[]) => give('replay', ...args);

const nameOf = (object: string) => `aws/lambda/4f2c/shardId-1/2026/11/25/${object}`;

async function giveUp(object: string, Body: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key: nameOf(object), Body }));
}

const recorded = (output: 'AuditFunctionName' | 'EmailFunctionName', records: unknown[]) =>
  invocationRecord(`arn:aws:lambda:${region}:${accountId}:function:${outputOf(output)}`, records);

async function objects(): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key = '' }) => Key).toSorted();
}

afterEach(async () => {
  for (const Key of await objects()) {
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
  }
});

/** A key whose birth the trail has lost, and the write that tells of it. */
async function unaudited() {
  const { key_id: keyId } = await issued({});
  await trailOf(keyId);
  const [{ pk, sk } = {}, ...others] = await auditOf(keyId);
  expect(others).toEqual([]);
  await removeItem('AuditTableName', { pk, sk });
  expect(await auditOf(keyId)).toEqual([]);
  return { keyId, record: streamRecord(keyId, null, await rowOf(keyId)) };
}

it('finds the bucket by the name that the stack gave it', async () => {
  expect(await failureBucketOf(client, 'local')).toBe(Bucket);
  await expect(failureBucketOf(client, 'prod')).rejects.toThrow('There is no StreamsFailures');
});

it('lists the oldest object first, whatever its name, and bears that one is gone', async () => {
  await giveUp('z', 'first');
  await setTimeout(1100); // The times have whole seconds.
  await giveUp('a', 'second');
  const bucket = failureObjects(client, Bucket);
  expect(await bucket.list()).toEqual([nameOf('z'), nameOf('a')]);
  await bucket.remove(nameOf('z'));
  await bucket.remove(nameOf('z'));
  expect(await bucket.read(nameOf('z'))).toBe(null);
  expect(await bucket.read(nameOf('a'))).toBe('second');
});

it('brings missing audit records and mails, once, however often it runs; what fails again stays', async () => {
  const [one, other] = [await unaudited(), await unaudited()];
  const mail = await settledBirth('replayed@example.com', 'notice-replayed');
  const poison = poisonRecord();
  await giveUp('bad', recorded('AuditFunctionName', [one.record, poison, other.record]));
  await giveUp('mail', recorded('EmailFunctionName', [mail]));
  await giveUp('stray', 'not a record');

  const dry = await replay();
  expect(dry).toMatchObject({ code: 1 });
  expect(dry.said).toContain(`audit-key-change, 3 records of ${one.keyId}, poison, ${other.keyId}`);
  expect(dry.said).toContain('2 objects with 4 records, 1 unreadable');
  expect(await auditOf(one.keyId)).toEqual([]);
  expect(await objects()).toHaveLength(3);

  const sequenceNumber = poison.dynamodb.SequenceNumber;
  const first = await replay('--apply');
  expect(first).toMatchObject({ code: 1 });
  expect(first.said).toContain('email-key-change, 1 record of');
  expect(first.said).toContain(`  poison, sequence number ${sequenceNumber}: failed again`);
  expect(first.said).toContain(
    '1 object replayed and removed, 1 left with 1 failed record, 1 unreadable',
  );
  for (const { keyId } of [one, other]) expect(await trailOf(keyId)).toHaveLength(1);
  expect(await mailsTo('replayed@example.com')).toHaveLength(1);
  expect(await objects()).toEqual([nameOf('bad'), nameOf('stray')]);

  // All of it once more, the mail's object put back as if it had not been removed, two at once.
  await giveUp('mail', recorded('EmailFunctionName', [mail]));
  const again = await Promise.all([replay('--apply'), replay('--apply')]);
  expect(again.map(({ code }) => code)).toEqual([1, 1]);
  for (const { keyId } of [one, other]) expect(await trailOf(keyId)).toHaveLength(1);
  expect(await mailsTo('replayed@example.com')).toHaveLength(1);
  expect(await objects()).toEqual([nameOf('bad'), nameOf('stray')]);

  await giveUp('bad', recorded('AuditFunctionName', [one.record, other.record]));
  const good = await replay('--apply', '--object', nameOf('bad'));
  expect(good).toMatchObject({ code: 0 });
  expect(good.said).toContain('1 object replayed and removed');
  expect(await objects()).toEqual([nameOf('stray')]);
});

it('leaves the objects of the other reader alone, and stops with 2 where AWS says no', async () => {
  const { keyId, record } = await unaudited();
  await giveUp('audit', recorded('AuditFunctionName', [record]));
  const other = await replay('--apply', '--reader=email-key-change');
  expect(other).toMatchObject({ code: 0, said: '0 objects replayed and removed\n' });
  const gone = await replay('--apply', '--reader=audit-key-change', '--function=latchkey-gone');
  expect(gone).toMatchObject({ code: 2 });
  expect(gone.said).toContain('latchkey-gone');
  expect(await objects()).toEqual([nameOf('audit')]);
  expect(await replay('--apply', '--reader=audit-key-change')).toMatchObject({ code: 0 });
  expect(await trailOf(keyId)).toHaveLength(1);
  expect(await objects()).toEqual([]);
});
