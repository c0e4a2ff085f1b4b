/** The stores of a process as it sees them through a `FaultyProcess`. */
import type {
  AuditReads,
  CommitOutcome,
  DueRows,
  Entry,
  IssuedLinks,
  KeyLists,
  KeyTable,
  Listing,
  SecretFailure,
} from '../../lambdas/shared/domain/ports.ts';
import type { AllSecrets, ProcessStores } from '../fakes/service.ts';
import { cannotRead, type FaultyProcess } from './fault-port.ts';

/** Whatever stands between a process and its stores. */
export type CallPort = Pick<FaultyProcess, 'call'>;

export const faultyStores = (stores: ProcessStores, process: CallPort): ProcessStores => ({
  table: faultyTable(stores.table, process),
  secrets: faultySecrets(stores.secrets, process),
  due: faultyDueRows(stores.due, process),
  lists: faultyLists(stores.lists, process),
  audit: faultyAudit(stores.audit, process),
  links: faultyLinks(stores.links, process),
});

const throttled = (): { kind: 'throttled' } => ({ kind: 'throttled' });
const unanswered = (): CommitOutcome => ({ kind: 'unanswered' });
const secretThrottled = (): SecretFailure => ({ kind: 'throttled', reason: 'Injected' });
const secretUnanswered = (): SecretFailure => ({ kind: 'unanswered', reason: 'Injected' });

const faultyTable = (table: KeyTable, process: CallPort): KeyTable => ({
  load: (wanted, limitMs) =>
    process.call('load', limitMs, () => table.load(wanted, limitMs), cannotRead, cannotRead),
  commit: (writes, token, limitMs) =>
    process.call<CommitOutcome>(
      `commit ${writes.map(({ kind }) => kind).join('+')}`,
      limitMs,
      () => table.commit(writes, token, limitMs),
      throttled,
      unanswered,
    ),
  countLiveKeys: (userId, bound, limitMs) =>
    process.call(
      'count',
      limitMs,
      () => table.countLiveKeys(userId, bound, limitMs),
      cannotRead,
      cannotRead,
    ),
});

const faultySecrets = (secrets: AllSecrets, process: CallPort): AllSecrets => {
  const call = <T>(name: string, limitMs: number, work: () => Promise<T | SecretFailure>) =>
    process.call<T | SecretFailure>(name, limitMs, work, secretThrottled, secretUnanswered);
  return {
    create: (secret, limitMs) => call('create', limitMs, () => secrets.create(secret, limitMs)),
    read: (id, version, limitMs) => call('read', limitMs, () => secrets.read(id, version, limitMs)),
    put: (id, value, token, limitMs) =>
      call('put', limitMs, () => secrets.put(id, value, token, limitMs)),
    tag: (id, tags, limitMs) => call('tag', limitMs, () => secrets.tag(id, tags, limitMs)),
    describe: (id, limitMs) => call('describe', limitMs, () => secrets.describe(id, limitMs)),
    putTombstone: (id, token, limitMs) =>
      call('tombstone', limitMs, () => secrets.putTombstone(id, token, limitMs)),
    restore: (id, limitMs) => call('restore', limitMs, () => secrets.restore(id, limitMs)),
    remove: (id, limitMs) => call('remove', limitMs, () => secrets.remove(id, limitMs)),
    moveCurrent: (id, from, to, limitMs) =>
      call('move', limitMs, () => secrets.moveCurrent(id, from, to, limitMs)),
    stage: (id, value, token, limitMs) =>
      call('stage', limitMs, () => secrets.stage(id, value, token, limitMs)),
    unstage: (id, from, limitMs) =>
      call('unstage', limitMs, () => secrets.unstage(id, from, limitMs)),
    dropPrevious: (id, from, limitMs) =>
      call('drop', limitMs, () => secrets.dropPrevious(id, from, limitMs)),
  };
};

const faultyDueRows = (due: DueRows, process: CallPort): DueRows => ({
  findDue: (by, count, limitMs) =>
    process.call('findDue', limitMs, () => due.findDue(by, count, limitMs), cannotRead, cannotRead),
  findReminders: (by, count, limitMs) =>
    process.call(
      'findReminders',
      limitMs,
      () => due.findReminders(by, count, limitMs),
      cannotRead,
      cannotRead,
    ),
  findRotations: (by, count, limitMs) =>
    process.call(
      'findRotations',
      limitMs,
      () => due.findRotations(by, count, limitMs),
      cannotRead,
      cannotRead,
    ),
  scanRows: (cursor, count, limitMs) =>
    process.call(
      'scanRows',
      limitMs,
      () => due.scanRows(cursor, count, limitMs),
      cannotRead,
      cannotRead,
    ),
  readSweep: (limitMs) =>
    process.call('readSweep', limitMs, () => due.readSweep(limitMs), cannotRead, cannotRead),
  writeSweep: (state, limitMs) =>
    process.call(
      'writeSweep',
      limitMs,
      () => due.writeSweep(state, limitMs),
      cannotRead,
      cannotRead,
    ),
});

const faultyListing = <E extends Entry>(list: Listing<E>, process: CallPort): Listing<E> => ({
  read: (after, count, limitMs) =>
    process.call('list', limitMs, () => list.read(after, count, limitMs), cannotRead, cannotRead),
  count: (bound, limitMs) =>
    process.call('count', limitMs, () => list.count(bound, limitMs), cannotRead, cannotRead),
});

const faultyLists = (lists: KeyLists, process: CallPort): KeyLists => ({
  keys: (listing) => faultyListing(lists.keys(listing), process),
  aliases: () => faultyListing(lists.aliases(), process),
});

const faultyLinks = (links: IssuedLinks, process: CallPort): IssuedLinks => ({
  find: (noticeId, limitMs) =>
    process.call('find', limitMs, () => links.find(noticeId, limitMs), cannotRead, cannotRead),
});

const faultyAudit = (audit: AuditReads, process: CallPort): AuditReads => ({
  list: (listing) => faultyListing(audit.list(listing), process),
  records: (wanted, limitMs) =>
    process.call('records', limitMs, () => audit.records(wanted, limitMs), cannotRead, cannotRead),
});
