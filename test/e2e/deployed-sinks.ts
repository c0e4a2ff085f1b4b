/** Every place of the deployed stack where data ends up, and where no key may be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import * as z from 'zod/mini';
import {
  auditIndexes,
  keysIndexes,
  noticesIndexes,
} from '../../lambdas/shared/adapters/table/keys.ts';
import { forwarder } from '../../scripts/local/forward.ts';
import { mustCall, rootClient } from '../../scripts/local/root-client.ts';
import { seenRefusals } from '../canary/seen.ts';
import type { Sink } from '../canary/sinks.ts';
import { outputOf } from './local-aws.ts';

const { endpoint, region, credentials, accountId, baseUrl, stateDir } = inject('deployed');
const root = rootClient(forwarder(endpoint));
export const call = (target: string, input: object) => mustCall(root, target, input);

/** What a test has planted, and by what each place knows it. */
export interface Planted {
  readonly keyId: string;
  readonly alias: string;
  /** Of a key's mail. */
  readonly address: string;
  /** In the failure bucket, the dead-letter queue and the index of parked mails. */
  readonly marker: string;
  /** A refused request. */
  readonly refusal: string;
  /** A request that each function of the API has answered, by its name. */
  readonly requests: ReadonlyMap<string, string>;
}

export const deployedSinks = async (planted: Planted): Promise<Sink[]> => [
  ...tables(planted),
  ...(await streams(planted)),
  ...(await logs(planted)),
  {
    name: 'failure bucket',
    marker: planted.marker,
    read: failureObjects,
  },
  {
    name: 'queues of news about mails',
    marker: planted.marker,
    read: async () => textsOf(await fetched('/_ministack/sqs/messages', 'sqs')),
  },
  {
    name: 'mails',
    marker: planted.address,
    read: async () =>
      textsOf(
        inbox.parse(JSON.parse(await fetched('/_ministack/ses/messages'))).messages[accountId],
      ),
  },
  {
    name: 'names, descriptions and tags of secrets',
    marker: planted.alias,
    read: () =>
      paged(
        'secretsmanager.ListSecrets',
        { IncludePlannedDeletion: true, MaxResults: 100 },
        'SecretList',
        'NextToken',
      ),
  },
  {
    name: 'metrics',
    marker: 'Invocations',
    read: () => paged('GraniteServiceVersion20100801.ListMetrics', {}, 'Metrics', 'NextToken'),
  },
  {
    name: 'refusals',
    marker: planted.refusal,
    read: async () => seenRefusals(stateDir).map(({ text }) => text),
  },
  ...templates(),
  {
    name: 'settings of functions',
    marker: 'KEYS_TABLE',
    read: async () => [await fetched('/2015-03-31/functions/?MaxItems=10000', 'lambda')],
  },
  // And with them what the access log may have: the local AWS writes none.
  {
    name: 'settings of the API',
    marker: '$context.routeKey',
    read: async () => [await fetched(`/v2/apis/${outputOf('ApiId')}/stages`, 'apigateway')],
  },
  {
    name: 'claim page',
    marker: 'Show my key',
    read: async () => [await (await fetch(`${baseUrl}/claim`)).text()],
  },
  {
    name: 'log of the local set-up',
    marker: outputOf('AuditFunctionName'),
    read: async () => readFileSync(join(stateDir, 'ministack.log'), 'utf8').split('\n'),
  },
];

const inbox = z.object({ messages: z.record(z.string(), z.array(z.unknown())) });

function tables({ keyId, marker }: Planted): Sink[] {
  const table = (output: string, known: string, ...indexes: { name: string }[]): Sink[] =>
    [undefined, ...indexes.map(({ name }) => name)].map((IndexName) => ({
      name: `${output.replace(/Name$/, '')}${IndexName === undefined ? '' : `, index ${IndexName}`}`,
      marker: IndexName === noticesIndexes.parked.name ? marker : known,
      read: () =>
        scanned({ TableName: outputOf(output), ...(IndexName === undefined ? {} : { IndexName }) }),
    }));
  return [
    ...table('KeysTableName', keyId, ...Object.values(keysIndexes)),
    ...table('AuditTableName', keyId, ...Object.values(auditIndexes)),
    ...table('NoticesTableName', keyId, noticesIndexes.parked),
    ...table('IdempotencyTableName', keyId),
  ];
}

async function scanned(input: object): Promise<string[]> {
  const items: unknown[] = [];
  let ExclusiveStartKey: unknown;
  do {
    const page = await call('DynamoDB_20120810.Scan', { ...input, ExclusiveStartKey });
    items.push(...list.parse(page['Items']));
    ExclusiveStartKey = page['LastEvaluatedKey'];
  } while (ExclusiveStartKey !== undefined);
  return items.map((item) => JSON.stringify(item));
}

const list = z.array(z.unknown());
const textsOf = (items: unknown): string[] =>
  list
    .parse(typeof items === 'string' ? [items] : items)
    .map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));

async function paged(
  target: string,
  input: object,
  member: string,
  token: string,
): Promise<string[]> {
  const texts: string[] = [];
  let next: unknown;
  do {
    const page = await call(target, { ...input, ...(next === undefined ? {} : { [token]: next }) });
    texts.push(...textsOf(page[member] ?? []));
    next = page[token] ?? undefined;
  } while (next !== undefined);
  return texts;
}

const streamList = z.object({
  Streams: z.array(z.object({ StreamArn: z.string(), TableName: z.string() })),
});
const shardList = z.object({
  StreamDescription: z.object({ Shards: z.array(z.object({ ShardId: z.string() })) }),
});

/** Images of changes, before and after. */
async function streams({ keyId }: Planted): Promise<Sink[]> {
  const { Streams } = streamList.parse(await call('DynamoDBStreams_20120810.ListStreams', {}));
  return ['KeysTableName', 'AuditTableName'].map((output) => ({
    name: `stream of ${output.replace(/Name$/, '')}`,
    marker: keyId,
    read: async () => {
      const found = Streams.filter(({ TableName }) => TableName === outputOf(output));
      return (await Promise.all(found.map(({ StreamArn }) => recordsOf(StreamArn)))).flat();
    },
  }));
}

async function recordsOf(StreamArn: string): Promise<string[]> {
  const { StreamDescription } = shardList.parse(
    await call('DynamoDBStreams_20120810.DescribeStream', { StreamArn }),
  );
  const records: string[] = [];
  for (const { ShardId } of StreamDescription.Shards) {
    const begin = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator } = await call('DynamoDBStreams_20120810.GetShardIterator', begin);
    for (;;) {
      const page = await call('DynamoDBStreams_20120810.GetRecords', { ShardIterator });
      const found = textsOf(page['Records']);
      records.push(...found);
      ShardIterator = page['NextShardIterator'];
      if (found.length === 0 || ShardIterator === undefined) break;
    }
  }
  return records;
}

const functionList = z.object({
  Functions: z.array(
    z.object({
      FunctionName: z.string(),
      LoggingConfig: z.object({ LogGroup: z.string() }),
    }),
  ),
});

async function loggingFunctions() {
  const answer = await fetched('/2015-03-31/functions/?MaxItems=10000', 'lambda');
  const { Functions } = functionList.parse(JSON.parse(answer));
  return Functions.map(({ FunctionName, LoggingConfig }) => ({
    name: FunctionName,
    read: () =>
      paged(
        'Logs_20140328.FilterLogEvents',
        { logGroupName: LoggingConfig.LogGroup, limit: 10_000 },
        'events',
        'nextToken',
      ),
  }));
}

/** All that functions wrote, whatever its level, embedded metrics among it. */
async function logs({ requests }: Planted): Promise<Sink[]> {
  return (await loggingFunctions()).map(({ name, read }) => {
    const operation = [...requests.keys()].find((each) =>
      name.startsWith(`latchkey-local-${each.replaceAll('-', '')}Function`),
    );
    // The others are asked by nobody: that they ran is what is known of them.
    const marker = requests.get(operation ?? '') ?? 'REPORT RequestId';
    return { name: `log of ${operation ?? name}`, marker, read };
  });
}

const logEvent = z.object({ message: z.string() });

/** Each line of the stack's functions; the one that CDK brings along has its own ways. */
export async function logLines(): Promise<string[]> {
  const own = (await loggingFunctions()).filter(
    ({ name }) => name.startsWith('latchkey-local-') && !name.includes('AdminKeyProvider'),
  );
  const events = (await Promise.all(own.map(({ read }) => read()))).flat();
  return events.map((event) => logEvent.parse(JSON.parse(event)).message);
}

const bucket = new S3Client({ endpoint, region, credentials });

async function failureObjects(): Promise<string[]> {
  const Bucket = outputOf('FailureBucketName');
  const { Contents = [] } = await bucket.send(new ListObjectsV2Command({ Bucket }));
  return Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const { Body } = await bucket.send(new GetObjectCommand({ Bucket, Key }));
      return `${Key} ${await Body?.transformToString()}`;
    }),
  );
}

const templates = (): Sink[] =>
  [
    ['GetTemplate', 'AWS::DynamoDB::GlobalTable'],
    ['DescribeStacks', 'AdminKeyCommand'],
    ['DescribeStackResources', 'AWS::Lambda::Function'],
    ['DescribeStackEvents', 'CREATE_COMPLETE'],
  ].map(([Action = '', marker = '']) => ({
    name: `CloudFormation, ${Action}`,
    marker,
    read: async () => [
      await fetched(
        '/',
        'cloudformation',
        new URLSearchParams({
          Action,
          StackName: 'latchkey-local',
          Version: '2010-05-15',
        }).toString(),
      ),
    ],
  }));

/** What a service of another protocol answers to the account's root user. Throws for a refusal. */
async function fetched(path: string, service = 's3', form?: string): Promise<string> {
  const scope = `${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
  const response = await fetch(endpoint + path, {
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(form === undefined ? {} : { method: 'POST', body: form }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${service} answered ${response.status}: ${text}`);
  return text;
}
