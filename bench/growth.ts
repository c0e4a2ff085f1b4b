/**
 * What operations take of the stores with one key there and with 100,000, and pages of lists with 100
 * and as many: the real handlers over the strict fakes. How much of an index a query looks at only the
 * local AWS tells: test/e2e/lists-at-scale.test.ts.
 */
import type { Item } from '../lambdas/shared/adapters/table/items.ts';
import type { Entry, Listing } from '../lambdas/shared/domain/ports.ts';
import { askedPages } from '../test/e2e/lists/asked-pages.ts';
import { populationOf } from '../test/e2e/lists/population.ts';
import { stored } from '../test/fakes/dynamo-item.ts';
import {
  inProcessService,
  type ProcessStores,
  type Sent,
  startedService,
} from '../test/fakes/service.ts';
import { FaultyProcess } from '../test/faults/fault-port.ts';
import { faultyStores } from '../test/faults/faulty-stores.ts';
import { fields, itemsOf, operations } from './costs/usage.ts';
import type { Row } from './row.ts';

/** What one request takes. */
interface Taken {
  /** Calls to the stores. */
  readonly calls: number;
  /** Items read, counted and written. */
  readonly items: number;
  /** Of the answer's body. */
  readonly bytes: number;
}
type Service = ReturnType<typeof inProcessService>;

/** By number a page counts the list, up to its bound: docs/performance.md. */
const pages = ['keys: first', 'keys: near the end', 'keys: first, whole objects', 'aliases: first'];
const few = 100;
/** Entries differ by a letter or two, such as in the number of a user. */
const bytesBudget = 1.1;

export async function growth(many = 100_000): Promise<Row[]> {
  const population = populationOf(many);
  const others = [...population.keyItems()].map(stored);
  const rows: Row[] = [];
  for (const [name, sentOf] of Object.entries(operations)) {
    if (name.startsWith('refused')) continue;
    const [alone, amongMany] = [await aboutKey(sentOf, []), await aboutKey(sentOf, others)];
    rows.push(...rowsOf(name, amongMany, alone, 'with 1 key'));
  }
  const [ofFew, ofMany] = [
    await pagesOf(few, [...populationOf(few).keyItems()].map(stored)),
    await pagesOf(many, others),
  ];
  for (const name of pages) {
    rows.push(...rowsOf(name, found(ofMany, name), found(ofFew, name), `with ${few} keys`));
  }
  return rows;

  function rowsOf(what: string, taken: Taken, reference: Taken, told: string): Row[] {
    const grown = `growth to ${many.toLocaleString('en')} keys`;
    const row = (of: keyof Taken, section: string, unit: string, budget: number): Row => ({
      section: `${grown}, ${section}`,
      what,
      value: taken[of],
      unit,
      reference: { what: told, value: reference[of] },
      budget,
      isRatio: true,
    });
    return [
      row('calls', 'calls to the stores', 'calls', 1),
      row('items', 'items read and written', 'items', 1),
      row('bytes', 'size of the answer', 'bytes', bytesBudget),
    ];
  }
}

/** Asks about one key by a caller of its own, as bench/costs does. */
async function aboutKey(
  sentOf: (key: { readonly keyId: string; readonly value: string }) => Sent,
  others: readonly Item[],
): Promise<Taken> {
  const service = await startedService();
  fill(service, others);
  const { body: admin } = await service.generate({ user_role: 'proxy_admin' });
  const { body: key } = await service.generate(fields);
  return takenBy(service, admin.key, sentOf({ keyId: key.key_id, value: key.key }));
}

async function pagesOf(size: number, items: readonly Item[]): Promise<Map<string, Taken>> {
  const population = populationOf(size);
  const service = inProcessService();
  fill(service, items);
  const taken = new Map<string, Taken>();
  for (const { name, path } of askedPages(population, service.now())) {
    if (!pages.includes(name)) continue;
    taken.set(name, await takenBy(service, population.caller, { method: 'GET', path }));
  }
  return taken;
}

/** Puts items there that no stream tells of; the service's own stay. */
function fill({ table }: Service, items: readonly Item[]): void {
  for (const item of items) {
    const pk = String(item['pk']);
    if (!table.items.has(pk)) table.items.set(pk, item);
  }
}

async function takenBy(service: Service, key: string, sent: Sent): Promise<Taken> {
  const { table } = service;
  const process = new FaultyProcess(new Map(), service.clock, 0);
  const changesBefore = table.changes.length;
  let read = 0;
  const counted = async <T>(work: Promise<T>, itemsIn: (result: T) => number): Promise<T> => {
    const result = await work;
    read += itemsIn(result);
    return result;
  };
  const listing = <E extends Entry>(list: Listing<E>): Listing<E> => ({
    read: (...given) => counted(list.read(...given), (entries) => entries.length),
    count: (...given) => counted(list.count(...given), (count) => count),
  });
  const counting: ProcessStores = {
    ...service.processStores,
    table: {
      load: (wanted, limitMs) => counted(table.load(wanted, limitMs), () => itemsOf(wanted)),
      countLiveKeys: (...given) => counted(table.countLiveKeys(...given), (count) => count),
      commit: (...given) => table.commit(...given),
    },
    lists: {
      keys: (of) => listing(service.processStores.lists.keys(of)),
      aliases: () => listing(service.processStores.lists.aliases()),
    },
  };
  const headers = { authorization: `Bearer ${key}`, ...sent.headers };
  const { status, body } = await service.sendThrough(faultyStores(counting, process), {
    ...sent,
    headers,
  });
  if (status !== 200) throw new Error(`${sent.path}: ${status}`);
  return {
    calls: process.made.length,
    items: read + table.changes.length - changesBefore,
    bytes: Buffer.byteLength(JSON.stringify(body)),
  };
}

function found(taken: ReadonlyMap<string, Taken>, name: string): Taken {
  const page = taken.get(name);
  if (page === undefined) throw new Error(`Nobody asked for the page ${name}`);
  return page;
}
