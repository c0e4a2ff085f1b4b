/**
 * The birth of a key over two stores. The table is the authority and says what is about to happen
 * before it happens; whoever dies, the row alone tells the reconciler how to go on.
 *
 * 1. One transaction writes the row, valid at once, with its event and an open intent.
 * 2. CreateSecret, with the event's id as token, so that a repeat cannot make a second version.
 * 3. The intent is removed ("settled"). Only now is the key told to anybody.
 *
 * docs/adr/0003-two-store-protocol.md has the reasons and what breaks without each step.
 */

import type { Deadline } from '../domain/deadline.ts';
import { isOursInWindow } from '../domain/deletion-window.ts';
import { InvalidField, Unavailable } from '../domain/errors.ts';
import type { Attempt } from '../domain/idempotency.ts';
import type { AliasLease, KeyRow } from '../domain/key-row.ts';
import type { NewKey } from '../domain/new-key.ts';
import type { KeyTable, KeyWrite, Loaded } from '../domain/ports.ts';
import type { Caller } from '../domain/roles.ts';
import { secretTagsOf } from '../domain/secret-tags.ts';
import { nextStore } from '../domain/store-limit.ts';
import { birthWrites, settledBirth, undoHappening, undoneBirth, withIntent } from './birth.ts';
import { settle, tryToClose } from './close-intent.ts';
import {
  AttemptUnderWay,
  commit,
  maxDecisions,
  notWritten,
  outpaced,
  refusedOf,
  type TableStores,
} from './commit.ts';
import { refuseHeldAlias } from './held-alias.ts';
import { storeUnderName, type ValueStores } from './store-value.ts';
import { createRecord } from './writes.ts';

export interface Stores extends TableStores, ValueStores {}

/** What a call gives to the birth that it asks for. */
export interface BirthCall {
  /** What was read beside the caller. */
  readonly loaded: Pick<Loaded, 'alias'>;
  readonly caller: Pick<Caller, 'keyId'>;
  readonly attempt: Attempt | null;
  readonly deadline: Deadline;
}

/** A birth that step 1 has written. */
interface OpenBirth {
  readonly newKey: NewKey;
  /** Whether a secret in its deletion window under the alias's name is ours. */
  readonly wasOurs: boolean;
}

/**
 * Stores the key that `decide` makes and returns it. Throws `InvalidField` (alias or key taken),
 * `Conflict` (somebody else is at it) or `Unavailable`, with nothing left behind but for one case:
 * after an unanswered call the intent stays open for the reconciler, and the key's value is known to
 * nobody.
 *
 * @param answerOf the answer without the key's value, kept for a repeat of the call
 */
export const createKey =
  (stores: Stores) =>
  async (
    decide: () => NewKey,
    answerOf: (row: KeyRow) => unknown,
    call: BirthCall,
  ): Promise<NewKey> => {
    const { newKey, wasOurs } = await openBirth(stores, decide, answerOf, call);
    const { row, value } = newKey;
    const { intent } = row;
    if (intent === null) return newKey;
    const tags = secretTagsOf(row, stores.settings);
    const secret = { name: intent.newName, value, token: intent.ver, tags };
    const stored = await storeUnderName(stores, secret, wasOurs, call.deadline);
    if (stored.kind === 'refused') {
      const { random, now, settings } = stores;
      await tryToClose(
        stores,
        { row, intent },
        (current) =>
          undoneBirth(current, intent, {
            happening: undoHappening(random.uuid(), now(), intent.who, intent.request_id),
            random,
            retentionDays: settings.retentionDays,
            deletedAt: null,
          }),
        call.deadline,
      );
      throw stored.error;
    }
    const settled = await settle(
      stores,
      { row, intent },
      (current) => settledBirth(current, stored.arn),
      call.deadline,
    );
    return { ...newKey, row: settled };
  };

/** Step 1, decided anew as long as somebody else gets in between. */
async function openBirth(
  { table, settings, now }: Stores,
  decide: () => NewKey,
  answerOf: (row: KeyRow) => unknown,
  call: BirthCall,
): Promise<OpenBirth> {
  const { attempt, deadline } = call;
  let read = call.loaded.alias;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    if (read?.state === 'held') await refuseHeldAlias(table, read, call);
    const newKey = withIntent(decide(), attempt, deadline.startedAt, settings.timing.fenceSeconds);
    const row = countedOn(newKey.row, read, deadline.startedAt);
    const told = { eventId: row.event.id, hash: row.cur.hash, answer: answerOf(row) };
    const writes: KeyWrite[] = [
      ...birthWrites(row, read),
      ...createRecord(row, attempt, told, now()),
    ];
    const outcome = await commit(table, writes, row.event.id, deadline);
    const wasOurs = isOursInWindow(read, row.secretName, now());
    const birth = { newKey: { ...newKey, row }, wasOurs };
    if (outcome.kind === 'committed') return birth;
    if (outcome.kind === 'throttled' && !outcome.isUnsure) {
      throw notWritten('TransactWriteItems throttled');
    }
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      return afterSilence(table, birth, deadline);
    }
    const failed = refusedOf(outcome, writes);
    if (failed.includes('create-record')) throw new AttemptUnderWay();
    if (failed.some((kind) => kind !== 'put-lease')) {
      throw new InvalidField('key', 'This key is in use already.');
    }
    if (row.alias !== null) {
      read = (await table.load({ alias: row.alias }, deadline.tableLimitMs())).alias;
    }
  }
  throw outpaced();
}

/** A secret that is taken over goes on counting the values that are stored in it. */
const countedOn = (row: KeyRow, read: AliasLease | null, at: Date): KeyRow =>
  row.intent === null || read === null || read.deletedAt === null
    ? row
    : { ...row, stores: nextStore([read.stores], at) };

/**
 * Twice no answer: with an intent the reconciler finds out. A key without one is complete if its row
 * is there, and one more read can tell; else nobody would ever know of it.
 */
async function afterSilence(
  table: KeyTable,
  birth: OpenBirth,
  deadline: Deadline,
): Promise<OpenBirth> {
  const { row } = birth.newKey;
  if (row.intent === null) {
    const target = { keyId: row.keyId };
    const found = await table.load({ target }, deadline.tableLimitMs());
    if (found.target?.cur.hash === row.cur.hash) return birth;
  }
  throw new Unavailable(
    'The key table did not answer. Whether a key was made is not known, and none was told.',
    2,
    new Error('TransactWriteItems unanswered'),
  );
}
