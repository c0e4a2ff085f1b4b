/**
 * The import of one key: its row, hash pointer and alias come to be in one transaction, as in a birth
 * without secret. There is nothing to remember between runs: the table tells what is in.
 */
import { InvalidField, Unavailable } from '../domain/errors.ts';
import { differingMembers } from '../domain/imported-key.ts';
import type { AliasLease, KeyRow } from '../domain/key-row.ts';
import type { CommitOutcome, KeyTable, KeyWrite, Randomness } from '../domain/ports.ts';
import { isMaster } from '../domain/roles.ts';
import { birthWrites } from './birth.ts';
import { maxDecisions, outpaced } from './commit.ts';

export interface ImportStores {
  readonly table: KeyTable;
  readonly random: Pick<Randomness, 'uuid'>;
  /** Waits before a call is made once more, the longer the more often it was made. */
  readonly pause: (tries: number) => Promise<void>;
}

/** How often a call is made before it counts as failed. */
const maxTries = 8;
const limitMs = 10_000;

/**
 * Whether the key can be brought in, or is in already: from the same values, whatever became of it
 * since. Throws `InvalidField` where another key has its hash, id or alias, or it was imported from
 * other values: nothing is ever written over. Throws `Unavailable` where the table cannot be read.
 */
export async function checkImport(stores: ImportStores, row: KeyRow): Promise<'new' | 'present'> {
  return (await look(stores, row)).known;
}

/**
 * Brings the key in. Throws as `checkImport` does, with nothing written; after an `Unavailable` it may
 * be in, which another run tells.
 */
export async function importKey(
  stores: ImportStores,
  row: KeyRow,
): Promise<'imported' | 'present'> {
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const { known, isOwn, lease } = await look(stores, row);
    if (known === 'present') return isOwn ? 'imported' : 'present';
    const outcome = await write(stores, birthWrites(row, lease));
    if (outcome.kind === 'committed') return 'imported';
    if (outcome.kind !== 'refused') {
      const { isOwn: isIn } = await look(stores, row);
      if (isIn) return 'imported';
      throw new Unavailable(
        'The table did not take the key, or did not answer; import it again.',
        5,
      );
    }
  }
  throw outpaced();
}

interface Look {
  readonly known: 'new' | 'present';
  /** Whether it is this very row that is in. */
  readonly isOwn: boolean;
  /** Of its alias. */
  readonly lease: AliasLease | null;
}

async function look({ table, pause }: ImportStores, row: KeyRow): Promise<Look> {
  const { keyId, alias, cur } = row;
  const wanted = { targets: [{ hash: cur.hash }, { keyId }], alias: alias ?? undefined };
  const { targets, alias: lease } = await readPatiently(pause, () => table.load(wanted, limitMs));
  const [sameHash = null, sameId = null] = targets;
  if (sameHash !== null) {
    checkSame(sameHash, row);
    return { known: 'present', isOwn: sameHash.event.id === row.event.id, lease };
  }
  if (sameId !== null) throw new InvalidField('key_id', 'Another key here has this key_id.');
  if (lease?.state === 'held') {
    throw new InvalidField('key_alias', 'Another key here has this key_alias.');
  }
  return { known: 'new', isOwn: false, lease };
}

function checkSame(here: KeyRow, row: KeyRow): void {
  if (isMaster(here.keyId)) throw new InvalidField('token', 'This is the hash of the admin key.');
  if (here.imported === row.imported) return;
  throw new InvalidField(
    'token',
    here.imported === undefined
      ? 'A key with this hash is here already, and was not imported.'
      : `The key is here already, imported from other values, and stays as it is. It differs in ${differingMembers(here, row).join(', ')}.`,
  );
}

/** A read that is made again while the tables cannot be read; the last time it throws. */
export async function readPatiently<T>(
  pause: ImportStores['pause'],
  read: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Unavailable) || tries === maxTries) throw error;
      await pause(tries);
    }
  }
}

/** The same writes with the same token, until the table says what became of them. */
async function write(
  { table, random, pause }: ImportStores,
  writes: readonly KeyWrite[],
): Promise<CommitOutcome> {
  const token = random.uuid();
  for (let tries = 1; ; tries += 1) {
    const outcome = await table.commit(writes, token, limitMs);
    const isKnown = outcome.kind === 'committed' || outcome.kind === 'refused';
    if (isKnown || tries === maxTries) return outcome;
    await pause(tries);
  }
}
