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
import type { Attempt } from '../domain/idempotency.ts';
import type { AliasLease, Intent, KeyRow } from '../domain/key-row.ts';
import type { NewKey } from '../domain/new-key.ts';
import type {
  CommitOutcome,
  KeyTable,
  KeyWrite,
  Loaded,
  Randomness,
  Secrets,
} from '../domain/ports.ts';
import { secretTagsOf } from '../domain/secret-tags.ts';
import type { Settings } from '../domain/settings.ts';
import {
  birthWrites,
  leaseOf,
  recordWrite,
  settledBirth,
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
  readonly attempt: Attempt | null;
  readonly deadline: Deadline;
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
    const { newKey, lease } = await openBirth(stores, decide, answerOf, call);
    const { intent } = newKey.row;
    if (intent === null) return newKey;
    const { deadline } = call;
    const secretArn = await storeSecret(stores, newKey, lease, intent, deadline);
    return { ...newKey, row: await settle(stores, newKey.row, intent, secretArn, deadline) };
  };

/** Step 1, decided anew as long as somebody else gets in between. */
async function openBirth(
  { table, settings, now }: Stores,
  decide: () => NewKey,
  answerOf: (row: KeyRow) => unknown,
  { loaded, attempt, deadline }: BirthCall,
): Promise<{ newKey: NewKey; lease: AliasLease | null }> {
  let read = loaded.alias;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    if (read?.state === 'held') await refuseHeldAlias(table, read, deadline);
    const newKey = withIntent(decide(), attempt, deadline.startedAt, settings.timing.fenceSeconds);
    const { row } = newKey;
    const lease = leaseOf(row, read);
    const writes: KeyWrite[] = [
      ...birthWrites(row, lease),
      ...(attempt === null ? [] : [recordWrite(row, attempt, answerOf(row), now())]),
    ];
    const outcome = await commit(table, writes, row.event.id, deadline);
    if (outcome.kind === 'committed') return { newKey, lease };
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      throw new Unavailable('The key table did not take the key; nothing was issued.', 2);
    }
    const failed = outcome.kind === 'refused' ? outcome.failed.map((i) => writes[i]?.kind) : [];
    if (failed.includes('create-record')) {
      throw new Conflict('Idempotency-Key', 'The first request is still being worked on.', 1);
    }
    if (failed.some((kind) => kind !== 'put-lease')) {
      throw new InvalidField('key', 'This key is in use already.');
    }
    if (lease !== null) {
      read = (await table.load({ alias: lease.alias }, deadline.tableLimitMs())).alias;
    }
  }
  throw new Conflict('key_alias', 'Other requests are changing this key_alias; try again.', 1);
}

/** An alias is taken while its holder lives; after that its name is still being cleaned up. */
async function refuseHeldAlias(
  table: KeyTable,
  lease: AliasLease,
  deadline: Deadline,
): Promise<never> {
  const holder = { keyId: lease.keyId };
  const { target } = await table.load({ target: holder }, deadline.tableLimitMs());
  if (target?.status === 'active') {
    throw new InvalidField('key_alias', 'A key with this key_alias exists already.');
  }
  throw new Conflict('key_alias', 'The former key of this key_alias is being removed.', 5);
}

/** Step 2. What a call definitely did not do is undone in line; the unknown waits for the fence. */
async function storeSecret(
  stores: Stores,
  { value, row }: NewKey,
  lease: AliasLease | null,
  intent: Intent,
  deadline: Deadline,
): Promise<string> {
  const secret = {
    name: intent.newName,
    value,
    token: intent.ver,
    tags: secretTagsOf(row, stores.settings),
  };
  const first = await stores.secrets.create(secret, deadline.secretLimitMs());
  // The same token and value: harmless if the first call took effect after all.
  const outcome =
    first.kind === 'unanswered'
      ? await stores.secrets.create(secret, deadline.secretLimitMs())
      : first;
  if (outcome.kind === 'done') return outcome.arn;
  // Definite only without an earlier unanswered try: that one may still take effect.
  if (first.kind === 'unanswered') throw leftOpen();
  await undo(stores, row, lease, intent, deadline);
  if (outcome.kind === 'exists' || outcome.kind === 'scheduled') {
    throw new Conflict(
      'key_alias',
      'A secret that is not ours has the name this key_alias needs; choose another key_alias.',
      null,
    );
  }
  throw new Unavailable(
    'Secrets Manager did not take the key; nothing was issued.',
    5,
    new Error(`CreateSecret ${outcome.kind}: ${outcome.reason}`),
  );
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
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') throw leftOpen();
    const { target } = await table.load({ target: { keyId: row.keyId } }, deadline.tableLimitMs());
    if (target?.status !== 'active' || target.cur.ver !== intent.ver) throw overtaken();
    // Gone, while the value is still the current one: an answer got lost, or a reconciler that saw
    // the secret settled it. Either way the promise of a 200 holds.
    if (target.intent === null) return target;
    if (target.intent.id !== intent.id || target.intent.claim !== 0) throw overtaken();
    current = target;
  }
  throw leftOpen();
}

/** Takes the birth back. Should this fail too, the reconciler does it after the fence. */
async function undo(
  { table, random, now, settings }: Stores,
  row: KeyRow,
  lease: AliasLease | null,
  intent: Intent,
  deadline: Deadline,
): Promise<void> {
  const writes = undoWrites(row, intent, lease, {
    eventId: random.uuid(),
    now: now(),
    who: intent.who,
    requestId: intent.request_id,
    salt: Buffer.from(random.bytes(16)).toString('hex'),
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

const leftOpen = (): Unavailable =>
  new Unavailable('A store did not answer; the key is being taken back, please try again.', 5);

const overtaken = (): Conflict =>
  new Conflict(null, 'The key was changed or deleted while it was being created.', null);
