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
import { Conflict, InvalidField, Unavailable } from '../domain/errors.ts';
import { type Attempt, isExpired } from '../domain/idempotency.ts';
import type { AliasLease, Intent, KeyRow } from '../domain/key-row.ts';
import type { NewKey } from '../domain/new-key.ts';
import type {
  CommitOutcome,
  KeyTable,
  KeyWrite,
  Loaded,
  Randomness,
  SecretFailure,
  Secrets,
} from '../domain/ports.ts';
import type { Caller } from '../domain/roles.ts';
import { newSalt } from '../domain/salt.ts';
import { secretTagsOf } from '../domain/secret-tags.ts';
import type { Settings } from '../domain/settings.ts';
import { tombstone } from '../domain/tombstone.ts';
import {
  birthWrites,
  leaseOf,
  recordWrite,
  settledBirth,
  undoHappening,
  undoWrites,
  withIntent,
} from './birth.ts';

export interface Stores {
  readonly table: KeyTable;
  readonly secrets: Secrets;
  readonly random: Randomness;
  readonly now: () => Date;
  readonly settings: Settings;
}

/** How often a change is decided anew because somebody else wrote in between. */
const maxDecisions = 3;

/** What a call gives to the birth that it asks for. */
export interface BirthCall {
  /** What was read beside the caller. */
  readonly loaded: Pick<Loaded, 'alias'>;
  readonly caller: Pick<Caller, 'keyId'>;
  readonly attempt: Attempt | null;
  readonly deadline: Deadline;
}

/** A birth that step 1 has written, with the alias's lease as it stands now. */
interface OpenBirth {
  readonly newKey: NewKey;
  readonly lease: AliasLease | null;
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
    const birth = await openBirth(stores, decide, answerOf, call);
    const { row } = birth.newKey;
    if (row.intent === null) return birth.newKey;
    const secretArn = await storeSecret(stores, birth, row.intent, call.deadline);
    return {
      ...birth.newKey,
      row: await settle(stores, row, row.intent, secretArn, call.deadline),
    };
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
    const { row } = newKey;
    const lease = leaseOf(row, read);
    const writes: KeyWrite[] = [
      ...birthWrites(row, lease),
      ...(attempt === null ? [] : [recordWrite(row, attempt, answerOf(row), now())]),
    ];
    const outcome = await commit(table, writes, row.event.id, deadline);
    if (outcome.kind === 'committed') return { newKey, lease };
    if (outcome.kind === 'throttled') {
      throw new Unavailable('The key table did not take the key; nothing was issued.', 2);
    }
    if (outcome.kind === 'unanswered') return afterSilence(table, { newKey, lease }, deadline);
    const failed = outcome.kind === 'refused' ? outcome.failed.map((i) => writes[i]?.kind) : [];
    if (failed.includes('create-record')) throw underWay();
    if (failed.some((kind) => kind !== 'put-lease')) {
      throw new InvalidField('key', 'This key is in use already.');
    }
    if (lease !== null) {
      read = (await table.load({ alias: lease.alias }, deadline.tableLimitMs())).alias;
    }
  }
  throw new Conflict(null, 'Other requests are changing the same alias or key; try again.', 1);
}

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

/** An alias is taken while its holder lives; after that its name is still being cleaned up. */
async function refuseHeldAlias(
  table: KeyTable,
  lease: AliasLease,
  { caller, attempt, deadline }: BirthCall,
): Promise<never> {
  const { target, record } = await table.load(
    {
      target: { keyId: lease.keyId },
      ...(attempt === null
        ? {}
        : { caller: { keyId: caller.keyId }, recordIdOf: () => attempt.id }),
    },
    deadline.tableLimitMs(),
  );
  // The holder may be what the same request made a moment ago: its repeat gets that answer.
  if (record !== null && !isExpired(record, deadline.startedAt)) throw underWay();
  if (target?.status === 'active') {
    throw new InvalidField('key_alias', 'A key with this key_alias exists already.');
  }
  throw new Conflict('key_alias', 'The former key of this key_alias is being removed.', 5);
}

/** Step 2. What a call definitely did not do is undone in line; the unknown waits for the fence. */
async function storeSecret(
  stores: Stores,
  birth: OpenBirth,
  intent: Intent,
  deadline: Deadline,
): Promise<string> {
  const { value, row } = birth.newKey;
  const tags = secretTagsOf(row, stores.settings);
  const secret = { name: intent.newName, value, token: intent.ver, tags };
  const first = await stores.secrets.create(secret, deadline.secretLimitMs());
  // The same token and value: harmless if the first call took effect after all.
  const outcome =
    first.kind === 'unanswered'
      ? await stores.secrets.create(secret, deadline.secretLimitMs())
      : first;
  if (outcome.kind === 'done') return outcome.arn;
  // Definite only without an earlier unanswered try: that one may still take effect.
  if (first.kind === 'unanswered') throw leftOpen('CreateSecret', first);
  const wasOurs = birth.lease !== null && birth.lease.deletedAt !== null;
  if (outcome.kind === 'scheduled' && wasOurs) {
    return reuseName(stores, birth, intent, tags, deadline);
  }
  await undo(stores, birth, intent, deadline);
  if (outcome.kind === 'exists' || outcome.kind === 'scheduled') {
    throw new Conflict(
      'key_alias',
      'A secret that is not ours has the name this key_alias needs; choose another key_alias.',
      null,
    );
  }
  throw notStored('CreateSecret', outcome);
}

/**
 * Takes the name over from a key of ours whose secret is in its deletion window: restored, given to
 * the new key, and written over, first with a tombstone, so that AWSPREVIOUS does not show the last
 * holder's value.
 */
async function reuseName(
  stores: Stores,
  birth: OpenBirth,
  intent: Intent,
  tags: Readonly<Record<string, string>>,
  deadline: Deadline,
): Promise<string> {
  const { secrets, random } = stores;
  const limit = () => deadline.secretLimitMs();
  const restored = await secrets.restore(intent.newName, limit());
  if (restored.kind === 'unanswered') throw leftOpen('RestoreSecret', restored);
  if (restored.kind !== 'done') {
    await undo(stores, birth, intent, deadline);
    throw notStored('RestoreSecret', restored);
  }
  const { arn } = restored;
  // From here on the secret is live again: whatever fails is left to the reconciler.
  const tagged = await secrets.tag(arn, { user_id: '', team_id: '', ...tags }, limit());
  if (tagged.kind !== 'done') throw leftOpen('TagResource', tagged);
  for (const version of [
    { value: tombstone, token: random.uuid() },
    { value: birth.newKey.value, token: intent.ver },
  ]) {
    const first = await secrets.put(arn, version.value, version.token, limit());
    const outcome =
      first.kind === 'unanswered'
        ? await secrets.put(arn, version.value, version.token, limit())
        : first;
    if (outcome.kind !== 'done') throw leftOpen('PutSecretValue', outcome);
  }
  return arn;
}

/** Step 3. The row is replaced as it was read, so that a change made in between is kept. */
async function settle(
  { table, random }: Stores,
  row: KeyRow,
  intent: Intent,
  secretArn: string,
  deadline: Deadline,
): Promise<KeyRow> {
  let current = row;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const settled = settledBirth(current, secretArn);
    const writes: KeyWrite[] = [{ kind: 'replace-row', row: settled }];
    const outcome = await commit(table, writes, random.uuid(), deadline);
    if (outcome.kind === 'committed') return settled;
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      throw leftOpen(`the settle was ${outcome.kind}`);
    }
    const { target } = await table.load({ target: { keyId: row.keyId } }, deadline.tableLimitMs());
    if (target?.status !== 'active' || target.cur.ver !== intent.ver) throw overtaken();
    // Gone, while the value is still the current one: an answer got lost, or a reconciler that saw
    // the secret settled it. Either way the promise of a 200 holds.
    if (target.intent === null) return target;
    if (target.intent.id !== intent.id || target.intent.claim !== 0) throw overtaken();
    current = target;
  }
  throw leftOpen('the settle was overtaken three times');
}

/** Takes the birth back. Should this fail too, the reconciler does it after the fence. */
async function undo(
  { table, random, now, settings }: Stores,
  { newKey, lease }: OpenBirth,
  intent: Intent,
  deadline: Deadline,
): Promise<void> {
  const writes = undoWrites(newKey.row, intent, lease, {
    happening: undoHappening(random.uuid(), now(), intent.who, intent.request_id),
    whoSalt: newSalt(random),
    retentionDays: settings.retentionDays,
  });
  await commit(table, writes, random.uuid(), deadline);
}

/** No answer: the same writes with the same token tell whether the first call took effect. */
async function commit(
  table: KeyTable,
  writes: readonly KeyWrite[],
  token: string,
  deadline: Deadline,
): Promise<CommitOutcome> {
  const outcome = await table.commit(writes, token, deadline.tableLimitMs());
  if (outcome.kind !== 'unanswered') return outcome;
  return table.commit(writes, token, deadline.tableLimitMs());
}

const leftOpen = (call: string, failure?: SecretFailure): Unavailable =>
  new Unavailable(
    'A store did not answer; the key is being taken back, please try again.',
    5,
    causeOf(call, failure),
  );

const notStored = (call: string, failure: SecretFailure): Unavailable =>
  new Unavailable(
    'Secrets Manager did not take the key; nothing was issued.',
    5,
    causeOf(call, failure),
  );

/** For the log: which call, how it ended, and the name of the service's error. */
const causeOf = (call: string, failure?: SecretFailure): Error =>
  new Error(failure === undefined ? call : `${call} ${failure.kind}: ${failure.reason}`);

const underWay = (): Conflict =>
  new Conflict('Idempotency-Key', 'The first request is still being worked on.', 1);

const overtaken = (): Conflict =>
  new Conflict(null, 'The key was changed or deleted while it was being created.', null);
