/**
 * CPU per call outside the AWS clients: the real handlers and the real table adapter, over a client that
 * answers at once with fixed items and secrets that do likewise. A case that is not answered as it
 * should be fails.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { generateKey, route as generateRoute } from '../lambdas/generate-key/handler.ts';
import { secureRandom } from '../lambdas/shared/adapters/randomness.ts';
import { rowItem } from '../lambdas/shared/adapters/table/items.ts';
import { keyTable } from '../lambdas/shared/adapters/table/key-table.ts';
import { noticesPart } from '../lambdas/shared/adapters/table/notices-part.ts';
import { adminRow } from '../lambdas/shared/domain/admin-key.ts';
import { masterKeyId, newKey, newKeyId } from '../lambdas/shared/domain/key-format.ts';
import type { Secrets } from '../lambdas/shared/domain/ports.ts';
import { api } from '../lambdas/shared/http/api.ts';
import { route as infoRoute, showKeyInfo } from '../lambdas/show-key-info/handler.ts';
import { verifyKey } from '../lambdas/verify-key/handler.ts';
import { stored } from '../test/fakes/dynamo-item.ts';
import { gatewayEvent, lambdaContext } from '../test/fakes/gateway-event.ts';
import { settingsWith } from '../test/fixtures/settings.ts';
import type { Row } from './row.ts';

const calls = 5000;
const secret = { name: 'latchkey/bench/master-key', arn: 'arn', versionId: 'v' };
const gateway = newKey(masterKeyId, secureRandom.bytes);
const caller = adminRow({ ...secret, value: gateway }, 'bench', new Date(), secureRandom);
const keyId = newKeyId(secureRandom.bytes);
const key = newKey(keyId, secureRandom.bytes);
const row = {
  ...adminRow({ ...secret, value: key }, 'bench', new Date(), secureRandom),
  keyId,
};

const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-central-1' }));
const Responses = { keys: [caller, row].map((each) => stored(rowItem(each))) };
// In the first step: before anything is made of a request.
client.middlewareStack.add(
  () => async () => ({ response: {}, output: { $metadata: {}, Responses } }),
  { step: 'initialize', priority: 'high' },
);
const table = keyTable(client, 'keys', 'records', noticesPart('notices'));
const secrets: Secrets = {
  create: async () => ({ kind: 'done', arn: 'arn' }),
  read: async () => ({ kind: 'absent', reason: 'bench' }),
  restore: async () => ({ kind: 'done', arn: 'arn' }),
  put: async () => ({ kind: 'done', arn: 'arn' }),
  tag: async () => ({ kind: 'done', arn: 'arn' }),
};
const now = () => new Date();
const stores = { table, secrets, random: secureRandom, now, settings: settingsWith() };
const generate = api(generateRoute, () => ({ ...stores, operation: generateKey(stores) }));
const info = api(infoRoute, () => ({ ...stores, operation: showKeyInfo(stores) }));
const verify = verifyKey(() => stores);

const body = JSON.stringify({ key_alias: 'bench', models: ['a', 'b'], metadata: { team: 'x' } });
const authorization = `Bearer ${gateway}`;
const mistyped = `${key.slice(0, -1)}!`;
const cases = [
  {
    name: 'info',
    budget: 200,
    status: 200,
    says: '"info":',
    handler: info,
    event: eventOf('GET', '/key/info', authorization),
  },
  {
    name: 'generate',
    budget: 500,
    status: 200,
    says: '"key":"sk-lk_',
    handler: generate,
    event: eventOf('POST', '/key/generate', authorization, body),
  },
  {
    name: 'verify',
    budget: 200,
    status: 200,
    says: '"valid":true',
    handler: verify,
    event: eventOf('POST', '/key/verify', authorization, verifyBody(key)),
  },
  {
    name: 'verify itself',
    budget: 200,
    status: 200,
    says: '"valid":true',
    handler: verify,
    event: eventOf('POST', '/key/verify', `Bearer ${key}`, verifyBody(key)),
  },
  {
    name: 'refused (mistyped key)',
    budget: 100,
    status: 401,
    says: 'auth_error',
    handler: generate,
    event: eventOf('POST', '/key/generate', `Bearer ${mistyped}`, body),
  },
  {
    name: 'refused (mistyped key that checks itself)',
    budget: 100,
    status: 401,
    says: 'auth_error',
    handler: verify,
    event: eventOf('POST', '/key/verify', `Bearer ${mistyped}`, verifyBody(mistyped)),
  },
];

/** In microseconds, user and system, of a warm process. */
export async function cpu(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, budget, status, says, handler, event } of cases) {
    for (let call = 0; call < calls; call += 1) {
      const { statusCode, body: told = '' } = await handler(event, lambdaContext);
      if (statusCode !== status || !told.includes(says)) {
        throw new Error(`${name} answers ${statusCode}: ${told}`);
      }
    }
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call += 1) await handler(event, lambdaContext);
    const { user, system } = process.cpuUsage(before);
    const value = Math.round((user + system) / calls);
    rows.push({ section: 'CPU outside the AWS clients', what: name, value, unit: 'µs', budget });
  }
  return rows;
}

function verifyBody(of: string): string {
  return JSON.stringify({ key: of, model: 'gpt-4o' });
}

function eventOf(
  method: string,
  target: string,
  authorizationHeader: string,
  text = '',
): APIGatewayProxyEventV2 {
  return gatewayEvent({
    method,
    target,
    headers: [
      ['authorization', authorizationHeader],
      ['content-type', 'application/json'],
    ],
    body: Buffer.from(text),
    sourceIp: '192.0.2.1',
    requestId: 'bench',
    at: new Date(),
  });
}
