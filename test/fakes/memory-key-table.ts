import {
  type Item,
  leaseItem,
  parseLease,
  parsePointer,
  parseRow,
  pointerItem,
  rowItem,
} from '../../lambdas/shared/adapters/table/items.ts';
import {
  keyRowPrefix,
  leaseKey,
  pointerKey,
  rowKey,
  userPartition,
} from '../../lambdas/shared/adapters/table/keys.ts';
import type { IdempotencyRecord } from '../../lambdas/shared/domain/idempotency.ts';
import type { AliasLease, KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type {
  CommitOutcome,
  KeyRef,
  KeyTable,
  KeyWrite,
  Loaded,
  Wanted,
} from '../../lambdas/shared/domain/ports.ts';

/** One record of the table's stream: the images before and after a write of a key row. */
export interface StreamRecord {
  readonly before: KeyRow | null;
  readonly after: KeyRow;
}

/**
 * The keys' table in memory. As on DynamoDB a transaction is all or nothing, its token makes a
 * repeat a no-op for ten minutes, a write that changes nothing leaves no stream record, and values
 * are kept as they would be stored: without undefined members, never shared with the caller.
 */
export class MemoryKeyTable implements KeyTable {
  readonly items = new Map<string, Item>();
  /** The table of idempotency records. */
  readonly records = new Map<string, IdempotencyRecord>();
  readonly stream: StreamRecord[] = [];
  readonly #tokens = new Map<string, string>();

  async load(wanted: Wanted, limitMs: number): Promise<Loaded> {
    if (limitMs <= 0) throw new Error('A read without time was sent');
    return {
      caller: this.#find(wanted.caller),
      target: this.#find(wanted.target),
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
    const content = JSON.stringify(writes);
    const isTransaction = writes.length > 1 || writes[0]?.kind === 'delete-pointer';
    const known = this.#tokens.get(token);
    if (isTransaction && known !== undefined) {
      if (known !== content) throw new Error('IdempotentParameterMismatchException');
      return { kind: 'committed' };
    }
    const keys = writes.map(keyOfWrite);
    if (new Set(keys).size < keys.length) throw new Error('Two writes of one item');
    const failed = writes.flatMap((write, index) => (this.#isMet(write) ? [] : [index]));
    if (failed.length > 0) return { kind: 'refused', failed };
    for (const write of writes) this.#apply(write);
    this.#tokens.set(token, content);
    return { kind: 'committed' };
  }

  async countLiveKeys(userId: string, bound: number): Promise<number> {
    const partition = userPartition('live', userId);
    const owned = [...this.items.values()].filter((item) => item['user_pk'] === partition);
    return Math.min(owned.length, bound);
  }

  row(keyId: string): KeyRow | null {
    const item = this.#get(rowKey(keyId));
    return item === null ? null : parseRow(item);
  }

  rows(): KeyRow[] {
    return [...this.items.keys()]
      .filter((pk) => pk.startsWith(keyRowPrefix))
      .flatMap((pk) => this.row(pk.slice(keyRowPrefix.length)) ?? []);
  }

  lease(alias: string): AliasLease | null {
    const item = this.#get(leaseKey(alias));
    return item === null ? null : parseLease(item);
  }

  pointer(hash: string): string | null {
    const item = this.#get(pointerKey(hash));
    return item === null ? null : parsePointer(item).keyId;
  }

  #get(pk: string): Item | null {
    const item = this.items.get(pk);
    return item === undefined ? null : structuredClone(item);
  }

  #find(ref: KeyRef | undefined): KeyRow | null {
    if (ref === undefined) return null;
    const keyId = 'keyId' in ref ? ref.keyId : this.pointer(ref.hash);
    return keyId === null ? null : this.row(keyId);
  }

  #findRecord({ caller, recordIdOf }: Wanted): IdempotencyRecord | null {
    if (caller === undefined || recordIdOf === undefined) return null;
    const keyId = 'keyId' in caller ? caller.keyId : this.pointer(caller.hash);
    return keyId === null ? null : (this.records.get(recordIdOf(keyId)) ?? null);
  }

  #isMet(write: KeyWrite): boolean {
    const current = this.items.get(keyOfWrite(write));
    switch (write.kind) {
      case 'create-row':
      case 'create-pointer':
        return current === undefined;
      case 'replace-row':
        return current?.['rev'] === write.row.rev - 1;
      case 'put-lease':
        return write.lease.rev === 1
          ? current === undefined
          : current?.['rev'] === write.lease.rev - 1;
      case 'delete-pointer':
      case 'delete-record':
        return true;
      case 'create-record': {
        const known = this.records.get(write.record.id);
        return known === undefined || known.ttl <= Math.floor(write.now.getTime() / 1000);
      }
    }
  }

  #apply(write: KeyWrite): void {
    const pk = keyOfWrite(write);
    if (write.kind === 'create-record') {
      this.records.set(write.record.id, structuredClone(write.record));
      return;
    }
    if (write.kind === 'delete-record') {
      this.records.delete(write.id);
      return;
    }
    if (write.kind === 'delete-pointer') {
      this.items.delete(pk);
      return;
    }
    const before = this.#get(pk);
    // JSON drops undefined members, as the document client does.
    const item: Item = JSON.parse(JSON.stringify(itemOf(write)));
    this.items.set(pk, item);
    if (!pk.startsWith(keyRowPrefix) || JSON.stringify(before) === JSON.stringify(item)) return;
    this.stream.push({
      before: before === null ? null : parseRow(before),
      after: parseRow(structuredClone(item)),
    });
  }
}

function keyOfWrite(write: KeyWrite): string {
  switch (write.kind) {
    case 'create-row':
    case 'replace-row':
      return rowKey(write.row.keyId);
    case 'create-pointer':
      return pointerKey(write.pointer.hash);
    case 'delete-pointer':
      return pointerKey(write.hash);
    case 'put-lease':
      return leaseKey(write.lease.alias);
    case 'create-record':
      return `RECORD#${write.record.id}`;
    case 'delete-record':
      return `RECORD#${write.id}`;
  }
}

function itemOf(
  write: Extract<KeyWrite, { kind: 'create-row' | 'replace-row' | 'create-pointer' | 'put-lease' }>,
): Item {
  switch (write.kind) {
    case 'create-row':
    case 'replace-row':
      return rowItem(write.row);
    case 'create-pointer':
      return pointerItem(write.pointer);
    case 'put-lease':
      return leaseItem(write.lease);
  }
}
