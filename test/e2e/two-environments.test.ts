/**
 * Two environments in one account, and a life of one of them: deployed beside the other, deployed again
 * with other settings, removed. Whatever happens to it, the other does not notice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ApiProxy, startApiProxy } from '../../scripts/local/api-proxy.ts';
import { type DeployOptions, deploy, destroy } from '../../scripts/local/deploy.ts';
import { info, issued, look, masterKey, regenerate, remove, sendTo } from './api-client.ts';
import { eventually, itemsOf, liveSecrets, secretOf } from './local-aws.ts';
import type { Neighbour } from './neighbour/app.ts';

const { endpoint, guardUrl, region, credentials } = inject('deployed');
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region, credentials }));

const adminKey = 'sk-neighbour-admin-key';
const settings: Neighbour = {
  name: 'neighbour',
  masterKeyValue: adminKey,
  prefix: 'neighbour/',
  previousPrefixes: [],
  storeAuditLogs: false,
};

const workDir = mkdtempSync(join(tmpdir(), 'latchkey-neighbour-'));
let proxy: ApiProxy;
let outputs: Awaited<ReturnType<typeof deploy>>;

const optionsOf = (neighbour: Neighbour): DeployOptions => ({
  endpoint,
  guardUrl,
  baseUrl: proxy.baseUrl,
  workDir,
  log: () => undefined,
  app: join(import.meta.dirname, 'neighbour'),
  context: { neighbour: JSON.stringify(neighbour) },
});

async function deployed(changes: Partial<Neighbour> = {}): Promise<void> {
  outputs = await deploy(optionsOf({ ...settings, ...changes }));
  proxy.serve({ endpoint, apiId: outputs['ApiId'] ?? '' });
}

beforeAll(async () => {
  proxy = await startApiProxy(0);
  await deployed();
}, 120_000);

afterAll(async () => {
  await proxy.stop();
  rmSync(workDir, { recursive: true, force: true });
});

/** Asks the neighbour. */
const ask = (path: string, body?: unknown, key = adminKey) =>
  sendTo(proxy.baseUrl, {
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: { authorization: `Bearer ${key}` },
    body,
  });

async function born(body: object) {
  const answer = await ask('/key/generate', body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

/** Types whose id is a name within the stack or its API, the same in every stack. */
const unnamed =
  /^(AWS::CDK::Metadata|AWS::ApiGatewayV2::Stage|AWS::CloudFormation::CustomResource|Custom::.*)$/;

/** Physical ids of everything a stack has, by logical id. */
async function resourcesOf(stack: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let next: string | undefined;
  do {
    const page: string = await listResources(stack, next);
    for (const [member] of page.matchAll(/<member>.*?<\/member>/gs)) {
      if (unnamed.test(textOf(member, 'ResourceType'))) continue;
      found.set(textOf(member, 'LogicalResourceId'), textOf(member, 'PhysicalResourceId'));
    }
    next = textOf(page, 'NextToken');
  } while (next !== '');
  return found;
}

async function listResources(stack: string, next?: string): Promise<string> {
  const scope = `${credentials.accessKeyId}/20260101/${region}/cloudformation/aws4_request`;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({
      Action: 'ListStackResources',
      Version: '2010-05-15',
      StackName: stack,
      ...(next === undefined ? {} : { NextToken: next }),
    }),
  });
  return response.text();
}

const textOf = (xml: string, name: string): string =>
  new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(xml)?.[1] ?? '';

async function auditOfNeighbour(keyId: string) {
  const { Items = [] } = await tables.send(
    new ScanCommand({ TableName: outputs['AuditTableName'] }),
  );
  return Items.filter((record) => record['key_id'] === keyId).map(({ action }) => action);
}

describe('two environments in one account', () => {
  it('share no resource', async () => {
    const theirs = await resourcesOf('latchkey-local');
    const own = await resourcesOf('latchkey-neighbour');
    expect(own.size).toBeGreaterThan(100);
    const taken = new Set(theirs.values());
    expect([...own.values()].filter((id) => taken.has(id))).toEqual([]);
  });

  it('know nothing of each other: keys, admin keys, aliases, lists, audit', async () => {
    const alias = 'same-in-both';
    const here = await issued({ key_alias: alias });
    const there = await born({ key_alias: alias });

    expect((await ask('/key/info', undefined, here.key)).status).toBe(401);
    expect((await look('/key/info', there.key)).status).toBe(401);
    expect((await ask('/key/info', undefined, masterKey)).status).toBe(401);
    expect((await look('/key/info', adminKey)).status).toBe(401);
    expect((await info(there.key_id)).status).toBe(404);
    expect((await ask(`/key/info?key=${here.key_id}`)).status).toBe(404);
    expect((await ask('/key/list')).body.keys).toEqual([there.token]);
    expect((await ask(`/audit?key_id=${here.key_id}`)).body.audit_logs).toEqual([]);

    expect((await secretOf(`litellm/${alias}`))?.value).toBe(here.key);
    expect(await secretOf(`neighbour/${alias}`)).toMatchObject({
      value: there.key,
      tags: { 'latchkey:env': 'neighbour', key_id: there.key_id },
    });

    await ask('/key/delete', { keys: [there.key_id] });
    expect((await secretOf(`litellm/${alias}`))?.value).toBe(here.key);
    expect((await info(here.key_id)).body.info.status).toBe('active');
    await remove({ keys: [here.key_id] });
  });

  it('have no rights to each other’s secrets, even where a row says so', async () => {
    const here = await issued({ key_alias: 'wanted-by-the-neighbour' });
    const there = await born({ key_alias: 'covetous' });
    await tables.send(
      new UpdateCommand({
        TableName: outputs['KeysTableName'],
        Key: { pk: `KEY#${there.key_id}` },
        UpdateExpression: 'SET secretName = :name, secretArn = :arn',
        ExpressionAttributeValues: {
          ':name': 'litellm/wanted-by-the-neighbour',
          ':arn': 'litellm/wanted-by-the-neighbour',
        },
      }),
    );
    const { status } = await ask('/key/regenerate', { key: there.key_id });
    expect(status).toBe(503);
    expect((await secretOf('litellm/wanted-by-the-neighbour'))?.value).toBe(here.key);
    await remove({ keys: [here.key_id] });
  });
});

describe('a deploy with other settings', () => {
  it('keeps keys, tables and stream; the audit begins when it is turned on, the prefix counts for what is new', async () => {
    const before = await born({ key_alias: 'before' });
    const first = await resourcesOf('latchkey-neighbour');
    const tablesBefore = outputs['KeysTableName'];

    await deployed({
      storeAuditLogs: true,
      prefix: 'neighbour-next/',
      previousPrefixes: ['neighbour/'],
    });

    expect(outputs['KeysTableName']).toBe(tablesBefore);
    const second = await resourcesOf('latchkey-neighbour');
    const replaced = [...first].filter(([id, physical]) => second.get(id) !== physical);
    expect(replaced).toEqual([]);

    expect((await ask('/key/info', undefined, before.key)).status).toBe(200);
    const rotated = await ask('/key/regenerate', { key: before.key_id });
    expect(rotated.status).toBe(200);
    expect((await secretOf('neighbour/before'))?.value).toBe(rotated.body.key);
    const next = await born({ key_alias: 'next' });
    expect((await secretOf('neighbour-next/next'))?.value).toBe(next.key);
    const moved = await ask('/key/update', { key: before.key_id, key_alias: 'moved' });
    expect(moved.body.secret_name).toBe('neighbour-next/moved');
    expect((await liveSecrets()).has('neighbour/before')).toBe(false);

    await eventually(async () => ((await auditOfNeighbour(next.key_id)).length > 0 ? true : null));
    const records = await eventually(async () => {
      const found = await auditOfNeighbour(before.key_id);
      return found.includes('updated') ? found : null;
    });
    // Whether `created` is there as well depends on what the stream still has: it is read from its oldest.
    expect(records).toEqual(expect.arrayContaining(['rotated', 'updated']));
  }, 120_000);

  it('and its removal leave the other as it was', async () => {
    const here = await issued({ key_alias: 'outlives' });
    const rows = async () =>
      (await itemsOf('KeysTableName')).filter(({ pk }) => String(pk).startsWith('KEY#'));
    const rowsBefore = await rows();
    const resourcesBefore = await resourcesOf('latchkey-local');
    await destroy(optionsOf(settings));
    expect(await resourcesOf('latchkey-local')).toEqual(resourcesBefore);
    expect(await rows()).toEqual(rowsBefore);
    expect((await regenerate({ key: here.key_id })).status).toBe(200);
    // What is left of the removed one are its secrets, as docs/deploying.md says.
    expect([...(await liveSecrets()).keys()]).toContain('neighbour-next/next');
    await remove({ keys: [here.key_id] });
  }, 60_000);
});
