import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, inject } from 'vitest';
import { auditReads } from '../../../lambdas/shared/adapters/table/audit-reads.ts';
import { keyLists } from '../../../lambdas/shared/adapters/table/key-lists.ts';
import { keyTable } from '../../../lambdas/shared/adapters/table/key-table.ts';
import type { Entry, Listing } from '../../../lambdas/shared/domain/ports.ts';
import { inProcessService, type ProcessStores, type Received } from '../../fakes/service.ts';
import { outputOf } from '../local-aws.ts';
import { askedPages } from './asked-pages.ts';
import { type Cost, meterOf } from './meter.ts';
import { populationOf } from './population.ts';
import { seed } from './seed.ts';
import { twinOf } from './twin-table.ts';

/** For each query the local AWS looks at all items of a partition, which AWS does not. */
const patienceMs = 120_000;

/** The real operations and adapters in this process, over tables with so many keys, aliases and records. */
export async function serviceOfMany(size: number, log: (line: string) => void) {
  const { endpoint, region, credentials } = inject('deployed');
  const client = new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 });
  const documents = DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  const metered = meterOf(documents);
  const [keys, audit] = [
    await twinOf(client, outputOf('KeysTableName')),
    await twinOf(client, outputOf('AuditTableName')),
  ];
  const population = populationOf(size);
  log(`seeding ${size} keys and aliases`);
  await seed(documents, keys, population.keyItems(), log);
  log(`seeding ${size} audit records`);
  await seed(documents, audit, population.auditItems(), log);

  const service = inProcessService({}, { timeLeftMs: patienceMs });
  const [table, lists] = [keyTable(documents, keys), keyLists(documents, keys)];
  const reads = auditReads(documents, audit);
  const stores: ProcessStores = {
    ...service.processStores,
    table,
    lists: { keys: (of) => patient(lists.keys(of)), aliases: () => patient(lists.aliases()) },
    audit: { ...reads, list: (of) => patient(reads.list(of)) },
  };
  const headers = { authorization: `Bearer ${population.caller}` };
  const get = (path: string) => service.sendThrough(stores, { method: 'GET', path, headers });

  /** What each page costs, once it is known to be right. */
  async function costs(): Promise<Map<string, Cost>> {
    const found = new Map<string, Cost>();
    for (const { name, path, expected } of askedPages(population, service.now())) {
      const { cost, result } = await metered(() => get(path));
      expect(entriesOf(result), name).toEqual(expected);
      log(`${name}: ${cost.requests} requests, ${cost.scanned} items, ${cost.bytes} bytes`);
      found.set(name, cost);
    }
    return found;
  }

  async function clear(): Promise<void> {
    for (const TableName of [keys, audit]) await client.send(new DeleteTableCommand({ TableName }));
  }

  return { population, table, get, costs, clear };
}

const patient = <E extends Entry>(listing: Listing<E>): Listing<E> => ({
  read: (after, count) => listing.read(after, count, patienceMs),
  count: (bound) => listing.count(bound, patienceMs),
});

interface Listed {
  readonly keys?: readonly (string | { readonly token: string })[];
  readonly aliases?: readonly string[];
  readonly audit_logs?: readonly { readonly id: string }[];
}

function entriesOf({ body }: Received): readonly string[] {
  const { keys = [], aliases = [], audit_logs: records = [] }: Listed = body;
  const tokens = keys.map((key) => (typeof key === 'string' ? key : key.token));
  return [...tokens, ...aliases, ...records.map(({ id }) => id)];
}
