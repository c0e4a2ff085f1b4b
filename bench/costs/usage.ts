/**
 * What a call of each operation uses of AWS, counted over the strict fakes: the real handlers, the real
 * items, the indexes of the real tables.
 */
import { isDeepStrictEqual } from 'node:util';
import { auditItem } from '../../lambdas/shared/adapters/table/audit-table.ts';
import {
  auditIndexes,
  keysIndexes,
  listedAttribute,
  tableAttributes,
} from '../../lambdas/shared/adapters/table/keys.ts';
import type { KeyRef, TargetRef, Wanted } from '../../lambdas/shared/domain/ports.ts';
import type { Usage } from '../../scripts/costs/cost.ts';
import { type Sent, startedService } from '../../test/fakes/service.ts';
import { FaultyProcess } from '../../test/faults/fault-port.ts';
import { faultyStores } from '../../test/faults/faulty-stores.ts';
import { type Index, writeUnits } from './write-units.ts';

const { pk, sk } = tableAttributes;
const rowIndexes: readonly Index[] = Object.values(keysIndexes).map((index) => ({
  ...index,
  included: index.name === keysIndexes.due.name ? [] : [listedAttribute],
}));
const recordIndexes: readonly Index[] = Object.values(auditIndexes).map((index) => ({
  ...index,
  included: [],
}));
/** A line of API Gateway's access log, as lib/api.ts has its fields. */
const accessLogBytes = Buffer.byteLength(
  '{"requestId":"JKJaXmPLvHcESHA=","routeKey":"POST /key/generate","status":"200","responseLatency":"120","sourceIp":"192.0.2.100"}\n',
);

/** A key such as platform teams hand out, by a caller with an issued key. */
export const fields = {
  key_alias: 'checkout-service',
  user_id: 'ada@example.com',
  team_id: 'payments',
  models: ['gpt-4o', 'mistral-large'],
  max_budget: 100,
  budget_duration: '30d',
  tpm_limit: 100_000,
  rpm_limit: 600,
  metadata: { cost_centre: '4711', tags: ['prod'] },
};

type Case = (key: { readonly keyId: string; readonly value: string }) => Sent;

const aboutKey =
  (path: string, more: object = {}): Case =>
  ({ keyId }) => ({ path, body: { key: keyId, ...more } });
const another = { ...fields, key_alias: 'another' };

/** Of each, a call that does what people call it for. */
export const operations = {
  verify: ({ value }) => ({ path: '/key/verify', body: { key: value } }),
  'verify itself': ({ value }) => ({
    path: '/key/verify',
    body: { key: value },
    headers: { authorization: `Bearer ${value}` },
  }),
  info: ({ keyId }) => ({ method: 'GET', path: `/key/info?key=${keyId}` }),
  generate: () => ({ path: '/key/generate', body: another }),
  'generate, not mirrored': () => ({
    path: '/key/generate',
    body: { ...another, store_secret: false },
  }),
  update: aboutKey('/key/update', { max_budget: 200 }),
  block: aboutKey('/key/block'),
  regenerate: aboutKey('/key/regenerate'),
  rename: aboutKey('/key/update', { key_alias: 'another' }),
  delete: ({ keyId }) => ({ path: '/key/delete', body: { keys: [keyId] } }),
  'refused (mistyped key)': ({ value }) => ({
    method: 'GET',
    path: '/key/info',
    headers: { authorization: `Bearer ${value.slice(0, -1)}!` },
  }),
} satisfies Readonly<Record<string, Case>>;

export type OperationName = keyof typeof operations;

/** What one call of the operation uses. Throws where it is not answered as it should be. */
export async function usageOf(name: OperationName): Promise<Usage> {
  const service = await startedService();
  const { body: admin } = await service.generate({ user_role: 'proxy_admin' });
  const { body: key } = await service.generate(fields);
  await service.deliver();

  const { table } = service;
  const process = new FaultyProcess(new Map(), service.clock, 0);
  const used = { readUnits: 0, writeUnits: 0 };
  const counting = {
    ...service.processStores,
    table: {
      load: (wanted: Wanted, limitMs: number) => {
        used.readUnits += itemsOf(wanted);
        return table.load(wanted, limitMs);
      },
      countLiveKeys: table.countLiveKeys.bind(table),
      commit: async (...given: Parameters<typeof table.commit>) => {
        const known = table.changes.length;
        const outcome = await table.commit(...given);
        const isTransaction = given[0].length > 1;
        for (const change of table.changes.slice(known)) {
          used.writeUnits += writeUnits(change, {
            isTransaction,
            indexes: rowIndexes,
            tableKeys: [pk],
          });
        }
        return outcome;
      },
    },
  };
  const changesBefore = table.stream.length;
  const recordsBefore = service.trail.records.size;
  const log = captureLog();
  const sent: Sent = operations[name]({ keyId: key.key_id, value: key.key });
  const headers = { authorization: `Bearer ${admin.key}`, ...sent.headers };
  const { status } = await service
    .sendThrough(faultyStores(counting, process), { ...sent, headers })
    .finally(() => log.stop());
  if (status !== (name.startsWith('refused') ? 401 : 200)) throw new Error(`${name}: ${status}`);

  const changes = table.stream.slice(changesBefore);
  await service.deliver();
  const records = [...service.trail.records.values()].slice(recordsBefore);
  const recordUnits = records.map((record) =>
    writeUnits(
      { before: null, after: auditItem(record) },
      { isTransaction: false, indexes: recordIndexes, tableKeys: [pk, sk] },
    ),
  );
  const calls = process.made.filter((call) => call !== 'count');
  const isTable = (call: string) => call === 'load' || call.startsWith('commit ');
  return {
    apiRequests: 1,
    // Its own, and both readers for each record of the stream: batches only make it less.
    lambdaRequests: 1 + 2 * changes.length,
    readUnits: used.readUnits,
    writeUnits: recordUnits.reduce((sum, each) => sum + each, used.writeUnits),
    tableCalls: calls.filter(isTable).length + records.length,
    secretCalls: calls.filter((call) => !isTable(call)).length,
    logBytes: accessLogBytes + log.bytes(),
  };
}

/** Items that a load reads, each once and of less than 4 kB: one strongly consistent read unit. */
export function itemsOf({
  caller,
  target,
  targets = [],
  alias,
  recordIdOf,
  notice,
}: Wanted): number {
  const refs = [caller, target, ...targets].filter((ref) => ref !== undefined);
  const distinct = refs.filter(
    (ref, n) => refs.findIndex((at) => isDeepStrictEqual(at, ref)) === n,
  );
  const rows = distinct.reduce((sum, ref) => sum + (isById(ref) ? 1 : 2), 0);
  return rows + [alias, recordIdOf, notice].filter(Boolean).length;
}

/** By hash or alias its pointer is read first. */
const isById = (ref: KeyRef | TargetRef) => 'keyId' in ref;

function captureLog() {
  const write = process.stdout.write.bind(process.stdout);
  let bytes = 0;
  process.stdout.write = (chunk: string | Uint8Array) => {
    // How long it took is no reason for another figure.
    bytes += Buffer.byteLength(String(chunk).replace(/"duration_ms":\d+/, '"duration_ms":10'));
    return true;
  };
  return {
    bytes: () => bytes,
    stop: () => {
      process.stdout.write = write;
    },
  };
}
