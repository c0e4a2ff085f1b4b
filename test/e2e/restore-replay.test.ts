/**
 * A restore by the command that operators give, on the deployed stack's records and secrets. Scratch tables
 * stand for the restored one, for the environment's own, and for the trail, so that keys of other tests are
 * none of its business. The local AWS restores no table: the items are copied as they were at that time.
 */
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  LambdaClient,
  ListFunctionsCommand,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { SecretsManagerClient, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { tableItems } from '../../scripts/restore/table-items.ts';
import { comparable } from '../fixtures/restore-drill.ts';
import { block, issued, regenerate, remove, update } from './api-client.ts';
import { twinOf } from './lists/twin-table.ts';
import { itemsOf, outputOf, type Row, rowOf } from './local-aws.ts';
import { operatorCommand } from './operator-command.ts';
import { trailOf } from './trail.ts';

const { endpoint, guardUrl, region, credentials } = inject('deployed');
const client = new DynamoDBClient({ endpoint, region, credentials });
const documents = DynamoDBDocumentClient.from(client);
const secrets = new SecretsManagerClient({ endpoint: guardUrl, region, credentials });

const lambda = new LambdaClient({ endpoint, region, credentials });
/** One that the other environment has, and that is called nothing like it. */
const FunctionName = 'restore-drill-writer';

const endpoints = { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_SECRETS_MANAGER: guardUrl };

const tables: string[] = [];
const secretIds: string[] = [];

async function scratch(original: 'KeysTableName' | 'AuditTableName'): Promise<string> {
  const name = await twinOf(client, outputOf(original));
  tables.push(name);
  return name;
}

/** The command is given for another environment, since the local one is that of `npm start`. */
async function tag(environment: 'prod' | 'local'): Promise<void> {
  const Tags = [{ Key: 'latchkey:env', Value: environment }];
  for (const SecretId of secretIds) await secrets.send(new TagResourceCommand({ SecretId, Tags }));
}

afterAll(async () => {
  await tag('local');
  await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  for (const TableName of tables) await client.send(new DeleteTableCommand({ TableName }));
});

async function copy(items: readonly Row[], TableName: string): Promise<void> {
  for (const Item of items) await documents.send(new PutCommand({ TableName, Item }));
}

/** Everything in the keys table that is about these keys, as it is now. */
async function itemsAbout(keyIds: readonly string[]): Promise<Row[]> {
  const items = await itemsOf('KeysTableName');
  return items.filter(({ keyId }) => keyIds.includes(String(keyId)));
}

async function contentsOf(table: string) {
  const found = new Map<string, unknown>();
  for await (const page of tableItems(documents, table).pages()) {
    for (const item of page) found.set(String(item['pk']), withoutTtl(item));
  }
  return found;
}

/** The retention of another environment is another one. */
function withoutTtl(item: Row): unknown {
  const { ttl: _ttl, ...rest } = comparable(item);
  return rest;
}

beforeAll(async () => {
  const { Functions: [some] = [] } = await lambda.send(new ListFunctionsCommand({}));
  const emptyZip = Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex');
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: some?.Role,
      Code: { ZipFile: emptyZip },
      Tags: { 'latchkey:env': 'prod' },
    }),
  );
});

it('is replayed, killed half way and replayed again, and adopted; what was ended stays ended', async () => {
  const [kept, gone, blocked, rotated, renamed] = [
    await issued({ key_alias: 'restore/kept' }),
    await issued({ key_alias: 'restore/gone' }),
    await issued({}),
    await issued({}),
    await issued({ key_alias: 'restore/before' }),
  ];
  const many: string[] = [];
  for (let n = 0; n < 30; n += 1) many.push((await issued({ store_secret: false })).key_id);
  const first = [kept, gone, blocked, rotated, renamed].map(({ key_id }) => key_id);
  const restored = await scratch('KeysTableName');
  await copy(await itemsAbout([...first, ...many]), restored);
  const since = new Date().toISOString();

  const born = await issued({ key_alias: 'restore/born' });
  await remove({ keys: [gone.key_id] });
  await block({ key: blocked.key_id });
  await regenerate({ key: rotated.key_id, grace_period: '0s' });
  await update({ key: renamed.key_id, key_alias: 'restore/after' });
  for (const key of many) await update({ key, max_budget: 7 });
  const keyIds = [...first, ...many, born.key_id];
  for (const keyId of keyIds) await trailOf(keyId);
  for (const keyId of [...first, born.key_id]) {
    const row = await rowOf(keyId);
    if (row['status'] === 'active') secretIds.push(String(row['secretArn']));
  }
  const [audit, own] = [await scratch('AuditTableName'), await scratch('KeysTableName')];
  const records = await itemsOf('AuditTableName');
  await copy(
    records.filter(({ key_id }) => keyIds.includes(String(key_id))),
    audit,
  );
  await tag('prod');

  const { give, killAfter } = operatorCommand(
    endpoints,
    `--table=${restored}`,
    `--since=${since}`,
    `--keys-table=${own}`,
    `--audit-table=${audit}`,
  );
  const run = (...args: string[]) => give('restore-replay', ...args);

  const dry = await run();
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.said).toContain(`${gone.key_id}: deleted`);
  expect(dry.said).toContain('35 of 36 keys would be replayed; --apply does it');
  expect(dry.said).not.toMatch(/sk-|[0-9a-f]{64}/);
  const replayed = async () => {
    const contents = [...(await contentsOf(restored)).values()];
    return contents.filter((item) => JSON.stringify(item).includes('"max_budget":7')).length;
  };
  const half = { calls: 5, operation: 'PutItem' } as const;
  expect(await killAfter(half, 'restore-replay', '--apply')).toBe('SIGKILL');
  expect(await replayed()).toBeGreaterThan(0);
  expect(await replayed()).toBeLessThan(many.length);

  expect(await run('--apply')).toMatchObject({ code: 0 });
  const live = new Map(
    (await itemsAbout(keyIds)).map((item) => [String(item['pk']), withoutTtl(item)]),
  );
  expect(await contentsOf(restored)).toEqual(live);

  // What a spoilt table may have: a key as it never was, with a step that never was, and a hash of nobody.
  const row = await rowOf(gone.key_id);
  const open = { id: 'x', kind: 'delete', claim: 0, opened: since, at: since, fence: since };
  const more = { notify: null, hash: '', ver: '', newName: '', newAlias: null, names: [] };
  const event = Object(row['event']);
  const intent = { ...open, ...more, idempotencyId: null, who: event.who, request_id: 'x' };
  await copy(
    [
      { ...row, status: 'active', intent },
      { pk: 'TOKEN#stray', hash: 'stray', keyId: gone.key_id },
    ],
    own,
  );
  expect(await run('--adopt')).toMatchObject({
    code: 2,
    said: expect.stringContaining(`have to be stopped first: ${FunctionName}`),
  });
  await lambda.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
  );
  expect(await run('--adopt')).toMatchObject({ code: 0, said: expect.stringContaining('agree') });
  expect(await contentsOf(own)).toEqual(live);
  const after = await tableItems(documents, own).read([`KEY#${gone.key_id}`], 5000);
  expect(after.get(`KEY#${gone.key_id}`)).toMatchObject({ status: 'deleted' });
}, 180_000);

it('what cannot be worked with is said in one line', async () => {
  const { give } = operatorCommand(endpoints);
  const keys = outputOf('KeysTableName');
  const of = [`--keys-table=${keys}`, `--audit-table=${outputOf('AuditTableName')}`];
  const since = '--since=2026-01-31T00:00:00Z';
  for (const [args, why] of [
    [[], 'Usage:'],
    [[...of, '--table=x', since, '--apply', '--adopt'], 'Usage:'],
    [[...of, '--table=x', '--since=yesterday'], '--since takes a time with its zone'],
    [[...of, '--table=x', '--since=2999-01-01T00:00:00Z'], '--since is ahead'],
    [[...of, '--table=x', since, '--accept=sk-a-value'], 'take key ids alone'],
    [[...of, `--table=${keys}`, since], 'not the one in use'],
  ] as const) {
    const { code, said } = await give('restore-replay', ...args);
    expect([code, said]).toEqual([2, expect.stringContaining(why)]);
    expect(said).not.toContain('sk-a-value');
  }
}, 90_000);
