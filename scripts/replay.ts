/**
 * `npm run replay -- --env <env>`: what the stream readers gave up, object by object, and with `--apply`
 * through them again. Exit code 0: all of it went through, or could; 1: something stays; 2: it stopped.
 */
import { parseArgs } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { connectionOf } from './operator/connection.ts';
import { Unusable } from './operator/unusable.ts';
import { failureBucketOf, failureObjects } from './replay/failure-objects.ts';
import { invokeReader } from './replay/invoke-reader.ts';
import { readers } from './replay/recorded-batch.ts';
import { replayObjects } from './replay/replay-objects.ts';
import { counted, linesOf, noObjects, sumOf } from './replay/replay-report.ts';

const usage = `Usage: npm run replay -- --env <env> [--apply] [--reader ${readers.join('|')}] [--function <name>] [--object <name>] [--bucket <name>]`;

const print = (text: string) => {
  process.stdout.write(`${text}\n`);
};

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string' },
      apply: { type: 'boolean', default: false },
      reader: { type: 'string' },
      function: { type: 'string' },
      object: { type: 'string' },
      bucket: { type: 'string' },
    },
  });
  const { env, apply } = values;
  const reader = readers.find((name) => name === values.reader) ?? null;
  const isReader = values.reader === undefined || reader !== null;
  if (env === undefined || !isReader) throw new Unusable(usage);
  if (values.function !== undefined && reader === null) {
    throw new Unusable('--function is of one reader: say which with --reader');
  }
  const connection = connectionOf(env);
  // A reader has a minute. Without limits the SDK waits for as long as the connection stands.
  const requestHandler = {
    connectionTimeout: 5000,
    requestTimeout: 90_000,
    throwOnRequestTimeout: true,
  };
  const s3 = new S3Client({ ...connection, requestHandler });
  const lambda = new LambdaClient({ ...connection, requestHandler });
  const bucket = values.bucket ?? (await failureBucketOf(s3, env));
  let tally = noObjects;
  await replayObjects({
    givenUp: failureObjects(s3, bucket),
    readerOf: ({ functionArn }) => invokeReader(lambda, values.function ?? functionArn),
    reader,
    only: values.object ?? null,
    isApplied: apply,
    onObject: (name, outcome) => {
      print(linesOf(name, outcome));
      tally = counted(tally, outcome);
    },
  });
  print(sumOf(tally, apply));
  if (tally.objects.left + tally.objects.unreadable > 0) process.exitCode = 1;
}
