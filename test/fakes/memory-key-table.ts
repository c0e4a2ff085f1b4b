import { isDeepStrictEqual } from 'node:util';
import { parseClaimLink } from '../../lambdas/shared/adapters/table/claim-links.ts';
import {
  claimLinkItem,
  type Item,
  leaseItem,
  parseLease,
  parsePointer,
  parseRecord,
  parseRow,
  pointerItem,
  recordItem,
  rowItem,
} from '../../lambdas/shared/adapters/table/items.ts';
import {
  claimLinkKey,
  keyRowPrefix,
  leaseKey,
  pointerKey,
  rowKey,
  userPartition,
} from '../../lambdas/shared/adapters/table/keys.ts';
import type { ClaimLink } from '../../lambdas/shared/domain/claim-link.ts';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import type { IdempotencyRecord } from '../../lambdas/shared/domain/idempotency.ts';
import type { AliasLease, KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type {
  CommitOutcome,
  KeyTable,
  KeyWrite,
  Loaded,
  TargetRef,
  Wanted,
} from '../../lambdas/shared/domain/ports.ts';
import { AwsRefusal } from './aws-refusal.ts';
import { stored } from './dynamo-item.ts';
import { type ItemChange, MemoryItems } from './memory-items.ts';

/** A write of a key row, as the stream's readers see it. */
export interface StreamRecord {
  readonly before: KeyRow | null;
  readonly after: KeyRow;
}

const maxActions = 100;
const maxTokenLength = 36;
const tokenMs = 600_000;

/**
 * The keys' table in memory. As on DynamoDB a transaction is all or nothing, its token makes a
 * repeat a no-op for ten minutes, a write that changes nothing leaves no stream record, and values
 * are kept as they would be stored: without undefined members, never shared with the caller. What
 * DynamoDB would not take is refused with the name of its exception.
 */
export class MemoryKeyTable implements KeyTable {
  /** The table of idempotency records. */
  readonly records = new Map<string, IdempotencyRecord>();
  /** Of the table of notices, the claim links. */
  readonly claimLinks = new Map<string, ClaimLink>();
  /** What of the stream is a write of a key row. */
  readonly stream: StreamRecord[] = [];
  readonly #now: () => Date;
  readonly #table: MemoryItems;
  /** Rows as they were read from items, which are never changed but replaced. */
  readonly #parsed = new WeakMap<Item, KeyRow>();
  readonly #tokens = new Map<
    string,
    { readonly actions: readonly Action[]; readonly at: number }
  >();

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
    this.#table = new MemoryItems(now);
  }

  async load(wanted: Wanted, limitMs: number): Promise<Loaded> {
    if (limitMs <= 0) throw unavailable();
    return {
      caller: this.#find(wanted.caller),
      target: this.#find(wanted.target),
      targets: (wanted.targets ?? []).map((ref) => this.#find(ref)),
      alias: wanted.alias === undefined ? null : this.lease(wanted.alias),
      record: this.#findRecord(wanted),
    };
  }

  async commit(
    writes: readonly KeyWrite[],
    token: string,
    limitMs: number,
  ): Promise<CommitOutcome> {
    if (limitMs <= 0) return { kind: 'unanswered' };
    const [first] = writes;
    const isTransaction = writes.length !== 1 || first?.kind.startsWith('delete') === true;
    const actions = writes.map((write) => actionOf(write, isTransaction));
    if (!isTransaction) return this.#run(actions);
    checkTransaction(actions, token);
    this.#forgetTokens();
    const known = this.#tokens.get(token);
    if (known !== undefined) {
      if (isDeepStrictEqual(known.actions, actions)) return { kind: 'committed' };
      throw new AwsRefusal('IdempotentParameterMismatchException', 'Other writes had this token');
    }
    const outcome = this.#run(actions);
    if (outcome.kind === 'committed') {
      this.#tokens.set(token, { actions, at: this.#now().getTime() });
    }
    return outcome;
  }

  async countLiveKeys(userId: string, bound: number, limitMs: number): Promise<number> {
    if (limitMs <= 0) throw unavailable();
    const partition = userPartition('live', userId);
    const owned = [...this.items.values()].filter((item) => item['user_pk'] === partition);
    return Math.min(owned.length, bound);
  }

  get items(): Map<string, Item> {
    return this.#table.items;
  }

  /** The whole stream, all kinds of items. */
  get changes(): readonly ItemChange[] {
    return this.#table.changes;
  }

  /** Writes an item as it is, such as one of another release, under no condition. */
  putItem(item: Item & { readonly pk: string }): void {
    this.#table.put(item.pk, stored(item));
  }

  /** Removes what is past its time to live, which DynamoDB does some day. */
  removeExpired(): void {
    const isOver = (ttl: unknown) => typeof ttl === 'number' && ttl * 1000 <= this.#now().getTime();
    for (const [pk, { ttl }] of this.items) if (isOver(ttl)) this.#table.remove(pk, true);
    for (const [id, { ttl }] of this.records) if (isOver(ttl)) this.records.delete(id);
    for (const [id, { ttl }] of this.claimLinks) if (isOver(ttl)) this.claimLinks.delete(id);
  }

  /** Drops what the stream does not keep any longer, from `changes`. */
  trimStream(): void {
    this.#table.trim();
  }

  /** A row to look at: what is inside is the table's own, as of `rows` and `stream`. */
  row(keyId: string): KeyRow | null {
    return this.#rowOf(this.items.get(rowKey(keyId)));
  }

  /** All rows. */
  rows(): KeyRow[] {
    return [...this.items].flatMap(([pk, item]) =>
      pk.startsWith(keyRowPrefix) ? (this.#rowOf(item) ?? []) : [],
    );
  }

  lease(alias: string): AliasLease | null {
    const item = this.#table.get(leaseKey(alias));
    return item === null ? null : parseLease(item);
  }

  pointer(hash: string): string | null {
    const item = this.#table.get(pointerKey(hash));
    return item === null ? null : parsePointer(item).keyId;
  }

  /** The oldest come first: a token is set anew only after it was forgotten. */
  #forgetTokens(): void {
    for (const [token, { at }] of this.#tokens) {
      if (this.#now().getTime() - at < tokenMs) return;
      this.#tokens.delete(token);
    }
  }

  #find(ref: TargetRef | undefined): KeyRow | null {
    if (ref === undefined) return null;
    const keyId = this.#keyIdOf(ref);
    const item = keyId === null ? null : this.#table.get(rowKey(keyId));
    return item === null ? null : parseRow(item);
  }

  #rowOf(item: Item | undefined): KeyRow | null {
    if (item === undefined) return null;
    const row = this.#parsed.get(item) ?? parseRow(item);
    this.#parsed.set(item, row);
    return row;
  }

  #keyIdOf(ref: TargetRef): string | null {
    if ('keyId' in ref) return ref.keyId;
    if ('hash' in ref) return this.pointer(ref.hash);
    const lease = this.lease(ref.alias);
    return lease?.state === 'held' ? lease.keyId : null;
  }

  #findRecord({ caller, recordIdOf }: Wanted): IdempotencyRecord | null {
    if (caller === undefined || recordIdOf === undefined) return null;
    const keyId = 'keyId' in caller ? caller.keyId : this.pointer(caller.hash);
    return keyId === null ? null : structuredClone(this.records.get(recordIdOf(keyId)) ?? null);
  }

  #run(actions: readonly Action[]): CommitOutcome {
    const failed = actions.flatMap((action, index) => (this.#isMet(action) ? [] : [index]));
    if (failed.length > 0) return { kind: 'refused', failed };
    for (const { table, key, item: given, frees } of actions) {
      const item = frees === undefined ? given : freed(this.items.get(key) ?? {}, frees);
      if (table === 'records') {
        if (item === null) this.records.delete(key);
        else this.records.set(key, parseRecord(item));
      } else if (table === 'claim-links') {
        if (item !== null) this.claimLinks.set(key, parseClaimLink(item));
      } else if (item === null) this.#table.remove(key);
      else this.#put(key, item);
    }
    return { kind: 'committed' };
  }

  #put(key: string, item: Item): void {
    const known = this.changes.length;
    const before = this.items.get(key);
    this.#table.put(key, item);
    if (this.changes.length === known || !key.startsWith(keyRowPrefix)) return;
    const after = this.#rowOf(item);
    if (after !== null) this.stream.push({ before: this.#rowOf(before), after });
  }

  #isMet({ table, key, condition }: Action): boolean {
    const tables = { keys: this.items, records: this.records, 'claim-links': this.claimLinks };
    const current = tables[table].get(key);
    switch (condition.is) {
      case 'any':
        return true;
      case 'absent':
        return current === undefined;
      case 'as-read':
        return current?.['rev'] === condition.rev;
      case 'held-by':
        return current?.['state'] === 'held' && current['keyId'] === condition.keyId;
      case 'absent-or-expired':
        return current === undefined || Number(current['ttl']) <= condition.bySeconds;
    }
  }
}

/** One item of a transaction, as the real adapter would send it. */
interface Action {
  readonly table: 'keys' | 'records' | 'claim-links';
  readonly key: string;
  /** Null to delete it. */
  readonly item: Item | null;
  /** Set for an update that frees the lease. */
  readonly frees?: Pick<Extract<KeyWrite, { kind: 'free-lease' }>, 'deletedAt' | 'stores'>;
  readonly condition:
    | { readonly is: 'any' | 'absent' }
    | { readonly is: 'as-read'; readonly rev: number }
    | { readonly is: 'held-by'; readonly keyId: string }
    | { readonly is: 'absent-or-expired'; readonly bySeconds: number };
}

function actionOf(write: KeyWrite, isTransaction: boolean): Action {
  const put = (key: string, item: Item, condition: Action['condition']): Action => ({
    table:
      write.kind === 'create-record'
        ? 'records'
        : write.kind === 'replace-claim-link'
          ? 'claim-links'
          : 'keys',
    key,
    item: storedIn(item, isTransaction),
    condition,
  });
  switch (write.kind) {
    case 'create-row':
      return put(rowKey(write.row.keyId), rowItem(write.row), { is: 'absent' });
    case 'replace-row':
      return put(rowKey(write.row.keyId), rowItem(write.row), asRead(write.row.rev));
    case 'create-pointer':
      return put(pointerKey(write.pointer.hash), pointerItem(write.pointer), { is: 'absent' });
    case 'put-lease':
      return put(
        leaseKey(write.lease.alias),
        leaseItem(write.lease),
        write.lease.rev === 1 ? { is: 'absent' } : asRead(write.lease.rev),
      );
    case 'create-record': {
      const bySeconds = Math.floor(write.now.getTime() / 1000);
      const condition = { is: 'absent-or-expired', bySeconds } as const;
      return put(write.record.id, recordItem(write.record), condition);
    }
    case 'free-lease':
      return {
        table: 'keys',
        key: leaseKey(write.alias),
        item: null,
        frees: { deletedAt: write.deletedAt, stores: write.stores },
        condition: { is: 'held-by', keyId: write.keyId },
      };
    case 'expire-pointer':
      return put(pointerKey(write.pointer.hash), pointerItem(write.pointer), { is: 'any' });
    case 'delete-pointer':
      return { table: 'keys', key: pointerKey(write.hash), item: null, condition: { is: 'any' } };
    case 'replace-claim-link': {
      const { link } = write;
      return put(claimLinkKey(link.notice_id), claimLinkItem(link), asRead(link.rev));
    }
    case 'delete-record':
      return { table: 'records', key: write.id, item: null, condition: { is: 'any' } };
  }
}

function freed(current: Item, { deletedAt, stores }: NonNullable<Action['frees']>): Item {
  const { created_pk: _pk, created_sk: _sk, ...lease } = current;
  return {
    ...lease,
    state: 'free',
    rev: Number(current['rev']) + 1,
    ...(deletedAt === null ? {} : { deletedAt }),
    ...(stores === undefined ? {} : { stores }),
  };
}

const asRead = (rev: number): Action['condition'] => ({ is: 'as-read', rev: rev - 1 });

function storedIn(item: Item, isTransaction: boolean): Item {
  try {
    return stored(item);
  } catch (error) {
    if (!isTransaction || !(error instanceof AwsRefusal)) throw error;
    throw new AwsRefusal('TransactionCanceledException', `ValidationError: ${error.message}`);
  }
}

function checkTransaction(actions: readonly Action[], token: string): void {
  const keys = actions.map(({ table, key }) => `${table} ${key}`);
  if (actions.length < 1 || actions.length > maxActions) {
    throw invalid(`A transaction has 1 to ${maxActions} actions`);
  }
  if (new Set(keys).size < keys.length) {
    throw invalid('Transaction request cannot include multiple operations on one item');
  }
  if (token.length < 1 || token.length > maxTokenLength) {
    throw invalid(`clientRequestToken must have 1 to ${maxTokenLength} characters`);
  }
}

const invalid = (message: string) => new AwsRefusal('ValidationException', message);

const unavailable = () => new Unavailable('The key table cannot be read at the moment.', 2);
