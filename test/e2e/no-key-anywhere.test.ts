/**
 * The last of all files: no key that any test or client had is anywhere on the deployed stack but in
 * Secrets Manager and the answers that told it. Before it looks, it sends keys to where none belongs.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, inject, it } from 'vitest';
import { newKey, newKeyId } from '../../lambdas/shared/domain/key-format.ts';
import { eachInFlight } from '../../scripts/operator/each-in-flight.ts';
import { keyScanner } from '../canary/key-scanner.ts';
import { seenKeys } from '../canary/seen.ts';
import { scanSinks } from '../canary/sinks.ts';
import { documentedLines } from '../fixtures/documented-lines.ts';
import { invocationRecord } from '../fixtures/invocation-record.ts';
import { sesEvents } from '../fixtures/ses-events.ts';
import { issued, masterKey } from './api-client.ts';
import { call, deployedSinks, logLines } from './deployed-sinks.ts';
import { clearFaults } from './fault-control.ts';
import { eventually, invoke, itemOf, outputOf, putItem, removeItem, rowOf } from './local-aws.ts';
import { asCredential, asField, inEveryPlace, type Misplaced } from './misplaced-keys.ts';
import { publish } from './published.ts';
import { streamRecord } from './recorded-writes.ts';
import { trailOf } from './trail.ts';

const { baseUrl, endpoint, guardUrl, tablesUrl, region, credentials, stateDir } =
  inject('deployed');
const bucket = new S3Client({ endpoint, region, credentials });

interface Told {
  readonly operation: string;
  readonly status: number;
  readonly requestId: string;
  readonly text: string;
}

/** Not the test's own client, which reads JSON only and sends no path as it is. */
async function tell({ operation, method, path, headers, body }: Misplaced): Promise<Told> {
  const response = await fetch(baseUrl + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = `${JSON.stringify([...response.headers])} ${await response.text()}`;
  const requestId = response.headers.get('x-request-id') ?? '';
  return { operation, status: response.status, requestId, text };
}

/** As LiteLLM does, their answers begin with what the caller has named the key by. */
const repeatsNames = new Set(['show-key-info', 'show-keys', 'update-key']);

/** What each function's log may have: fields that have names, of which none takes what was sent. */
const logFields = new Set([
  'level',
  'message',
  'environment',
  '_aws',
  ...[...documentedLines.values()].flatMap(({ always, sometimes, metrics }) => [
    ...always,
    ...sometimes,
    ...metrics,
  ]),
]);

function isNamed(line: string): boolean {
  // The platform's own: of an invocation, of one that was killed or threw an error, and of Node.
  const platform =
    /^(START|END|REPORT) RequestId: |^Worker process died$|^\(node:\d+\) |^\(Use `node |^\w*Error: |^ {4}at /;
  if (platform.test(line)) return true;
  try {
    return Object.keys(JSON.parse(line)).every((field) => logFields.has(field));
  } catch {
    return false;
  }
}

/** Leaves a harmless text in every place, the way that things get there; two of them by hand. */
async function plant() {
  const nonce = randomUUID();
  const marker = `canary-${nonce}`;
  const alias = `canary/${nonce}`;
  const address = `${marker}@example.com`;
  const { key, key_id: keyId } = await issued(
    {
      key_alias: alias,
      user_id: marker,
      team_id: marker,
      auto_rotate: true,
      rotation_interval: '30d',
      user_email: address,
      send_invite_email: true,
    },
    masterKey,
    { 'idempotency-key': nonce },
  );
  await trailOf(keyId);
  const noticeOnce = (state: string) =>
    eventually(async () => {
      const notice = await itemOf('NoticesTableName', { pk: `KEY#${keyId}` });
      return notice?.['state'] === state ? String(notice['notice_id']) : null;
    }, 30_000);
  await publish(JSON.stringify(sesEvents.delivery(await noticeOnce('sent'))));
  await noticeOnce('delivered');
  await invoke(outputOf('ReconcilerFunctionName'), {});
  await invoke(outputOf('RotationFunctionName'), {});
  // Of no secret: it refuses that.
  const step = { Step: 'createSecret', SecretId: marker, ClientRequestToken: nonce };
  await invoke(outputOf('RotateSecretFunctionArn'), step);

  // The local AWS gives nothing up, and its SES has no quota.
  const object = { Bucket: outputOf('FailureBucketName'), Key: marker };
  const record = streamRecord(keyId, null, await rowOf(keyId));
  await bucket.send(new PutObjectCommand({ ...object, Body: invocationRecord(marker, [record]) }));
  const news = { QueueUrl: outputOf('DeliveryFailuresUrl'), MessageBody: marker };
  await call('AmazonSQS.SendMessage', news);
  const pk = `NOTICE#${marker}`;
  const parked = { pk, parked_pk: 'PARKED', parked_sk: `9999-01-01T00:00:00.000Z#${marker}` };
  await putItem('NoticesTableName', parked);
  return {
    key: String(key),
    planted: { keyId: String(keyId), alias, address, marker },
    remove: async () => {
      await bucket.send(new DeleteObjectCommand(object));
      await call('AmazonSQS.PurgeQueue', { QueueUrl: news.QueueUrl });
      await removeItem('NoticesTableName', { pk });
    },
  };
}

describe('after all that was done', async () => {
  for (const url of [guardUrl, tablesUrl]) await clearFaults(url);
  const { key, planted, remove } = await plant();
  const foreign = newKey(newKeyId(randomBytes), randomBytes);
  const inFields = newKey(newKeyId(randomBytes), randomBytes);
  const misplaced = [
    ...inEveryPlace(foreign, [masterKey, key]),
    ...inEveryPlace(key, []),
    ...asCredential(foreign),
    ...asField(inFields, planted.keyId, masterKey),
  ];
  const told: Told[] = [];
  await eachInFlight(stream(misplaced), 6, async (each) => {
    told.push(await tell(each));
  });
  const strays = keyScanner([foreign, inFields].map((value) => ({ value, origin: 'nobody' })));

  it('a key in a wrong place breaks nothing, and is repeated to nobody', () => {
    expect(told.filter(({ status }) => status >= 500 && status !== 503)).toEqual([]);
    // A 503 is what a busy machine may say, now and then.
    const unavailable = told.filter(({ status }) => status === 503);
    expect(unavailable.length).toBeLessThan(told.length / 20);
    const repeating = told.filter(
      ({ operation, status, text }) =>
        !(status === 200 && repeatsNames.has(operation)) && strays.findIn(text).length > 0,
    );
    expect(repeating).toEqual([]);
  });

  it('log lines have fields with names, and no others', async () => {
    const lines = await logLines();
    expect(lines.length).toBeGreaterThan(misplaced.length);
    expect(lines.filter((line) => !isNamed(line))).toEqual([]);
  });

  it('no key is anywhere', async () => {
    const seen = seenKeys(stateDir);
    const scanner = keyScanner(seen);
    const refusal = told.findLast(({ status }) => status === 404)?.requestId ?? '';
    const requests = new Map(told.map(({ operation, requestId }) => [operation, requestId]));
    const startedAt = performance.now();
    const sinks = await deployedSinks({ ...planted, refusal, requests });
    const { scanned, problems } = await scanSinks(sinks, scanner);
    const seconds = (performance.now() - startedAt) / 1000;
    await remove();
    const places = scanned.reduce((sum, each) => sum + each.places, 0);
    const bytes = scanned.reduce((sum, each) => sum + each.bytes, 0);
    process.stdout.write(
      `\nNo key anywhere: ${scanner.keys} keys in ${scanner.needles} pieces and forms; ${misplaced.length} requests ` +
        `with a key in a wrong place; ${scanned.length} sinks, ${places} places, ${(bytes / 1e6).toFixed(1)} MB, ` +
        `${seconds.toFixed(1)} s\n`,
    );
    expect(problems).toEqual([]);
    // Nothing of it may get lost unnoticed: not the keys that were seen, and no kind of sink.
    expect(seen.map(({ value }) => value)).toEqual(
      expect.arrayContaining([key, foreign, inFields]),
    );
    expect(scanned.length).toBeGreaterThan(50);
  }, 120_000);
});

async function* stream<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
