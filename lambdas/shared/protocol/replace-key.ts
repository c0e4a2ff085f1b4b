/**
 * Regenerate and rename over two stores. The row says what is about to happen before it happens; the
 * old value and the old name count until the new ones do.
 *
 * 1. One transaction opens the step. A new value is let in from here on, and known to nobody yet.
 * 2. The value is stored: in place, or under the new name, of which then the old one is deleted.
 * 3. The step is closed: the new value is the current one, the old one ends, at once or after its
 *    grace period. Only now is the answer given.
 *
 * docs/adr/0003-two-store-protocol.md has the reasons and what breaks without each step.
 */
import type { Deadline } from '../domain/deadline.ts';
import { isOursInWindow, isStillInWindow } from '../domain/deletion-window.ts';
import { Conflict, InvalidField, KeyNotFound } from '../domain/errors.ts';
import type { Attempt } from '../domain/idempotency.ts';
import { tokenHash } from '../domain/key-format.ts';
import { patched } from '../domain/key-patch.ts';
import type { KeyRow, Who } from '../domain/key-row.ts';
import type { Loaded, ReadOutcome, SecretRemoval, Secrets } from '../domain/ports.ts';
import type { Caller } from '../domain/roles.ts';
import { secretTagsOf } from '../domain/secret-tags.ts';
import { type OpenStep, settle, tryToClose } from './close-intent.ts';
import {
  AttemptUnderWay,
  commit,
  leftOpen,
  maxDecisions,
  notWritten,
  outpaced,
  refusedOf,
  type TableStores,
} from './commit.ts';
import { refuseHeldAlias } from './held-alias.ts';
import {
  aliasAfter,
  gainsSecret,
  openReplacement,
  type Replacement,
  settledReplacement,
  undoneReplacement,
} from './replacement.ts';
import { type Stored, storeInPlace, storeUnderName } from './store-value.ts';

export interface ReplacementStores extends TableStores {
  readonly secrets: Secrets & SecretRemoval;
}

export interface ReplacementCall {
  /** What was read beside the caller: the lease of the alias that is asked for. */
  readonly loaded: Pick<Loaded, 'alias'>;
  readonly caller: Pick<Caller, 'keyId'>;
  readonly who: Who;
  readonly requestId: string;
  readonly attempt: Attempt | null;
  readonly deadline: Deadline;
}

/** A step that is open, with what it takes to go on. */
interface Opened extends OpenStep {
  /** The row before. */
  readonly before: KeyRow;
  /** The value to store; null where a rename could not read the present one. */
  readonly value: string | null;
  /** Whether a secret in its deletion window under the new name is ours. */
  readonly wasOurs: boolean;
  /** Whether all is done: the key names no secret. */
  readonly isFinished: boolean;
}

/**
 * Does what `decide` says and returns the row as it is then, with the new value of a regenerate.
 * Throws `InvalidField` (alias or value taken), `Conflict` (somebody else is at it), `KeyNotFound`
 * (deleted meanwhile), `TooManyRequests` or `Unavailable`; nothing is left behind but for an
 * unanswered call, after which the step stays open for the reconciler.
 *
 * @param row as it was read; `decide` is asked again where somebody else wrote in between
 * @param answerOf the answer without the value, kept for a repeat of the call
 */
export const replaceKey =
  (stores: ReplacementStores) =>
  async (
    row: KeyRow,
    decide: (row: KeyRow) => Replacement,
    answerOf: (row: KeyRow) => unknown,
    call: ReplacementCall,
  ): Promise<{ readonly row: KeyRow; readonly value: string | null }> => {
    const step = await openStep(stores, row, decide, answerOf, call);
    const { intent, value } = step;
    if (step.isFinished) return { row: step.row, value };
    const { deadline } = call;
    const undone = (current: KeyRow) => {
      const closing = undoneReplacement(current, intent, null);
      // Whatever is wrong with the secret, the scheduled function looks at it soon.
      const sweepAt = current.sweepAt ?? stores.now().toISOString();
      return { ...closing, row: { ...closing.row, sweepAt } };
    };
    const undo = () => tryToClose(stores, step, undone, deadline);
    if (value === null) {
      await undo();
      throw notWritten('GetSecretValue gave no value of this key');
    }
    const stored = await storeValue(stores, step, value, deadline);
    if (stored.kind === 'refused') {
      await undo();
      throw stored.error;
    }
    // By the row that was decided on: somebody else may have renamed the key since it was read.
    const { secretName, secretArn } = step.before;
    if (secretName !== null && intent.newName !== secretName) {
      const removed = await stores.secrets.remove(
        secretArn ?? secretName,
        deadline.secretLimitMs(),
      );
      // "Not found" may be an old copy's answer: the reconciler looks again past the fence.
      if (removed.kind !== 'done') throw leftOpen('DeleteSecret', removed);
    }
    const { settings, random, now } = stores;
    const settled = await settle(
      stores,
      step,
      (current) =>
        settledReplacement(current, intent, {
          secretArn: stored.arn,
          at: now(),
          settledBy: null,
          settings,
          random,
        }),
      deadline,
    );
    return { row: settled, value: intent.kind === 'regenerate' ? value : null };
  };

/** Step 1, decided anew as long as somebody else gets in between. A rename reads its value meanwhile. */
async function openStep(
  stores: ReplacementStores,
  row: KeyRow,
  decide: (row: KeyRow) => Replacement,
  answerOf: (row: KeyRow) => unknown,
  call: ReplacementCall,
): Promise<Opened> {
  const { table, secrets, settings, random, now } = stores;
  const { attempt, deadline, who, requestId } = call;
  const context = { who, requestId, attempt, at: deadline.startedAt, settings, random };
  let current = row;
  let lease = call.loaded.alias;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    if (current.intent !== null) {
      throw new Conflict(null, 'Another change of this key is under way; try again.', 5);
    }
    const replacement = decide(current);
    const alias = aliasAfter(current, replacement.patch);
    if (alias !== current.alias && lease?.state === 'held' && lease.keyId !== current.keyId) {
      await refuseHeldAlias(table, lease, call);
    }
    if (alias !== lease?.alias && alias !== null && gainsSecret(current, replacement, settings)) {
      lease = (await table.load({ alias }, deadline.tableLimitMs())).alias;
    }
    const {
      row: opened,
      intent,
      writes,
    } = openReplacement(current, replacement, lease, { ...context, opened: now() }, answerOf);
    const [outcome, read] = await Promise.all([
      commit(table, writes, intent.id, deadline),
      replacement.kind === 'rename' ? readValue(secrets, current, deadline) : null,
    ]);
    const step: Opened = {
      before: current,
      row: opened,
      intent,
      value: replacement.value ?? read,
      wasOurs:
        alias === null
          ? isStillInWindow(current.ownNameLeftAt, now())
          : isOursInWindow(lease, intent.newName, now()),
      isFinished: opened.intent === null,
    };
    if (outcome.kind === 'committed') return step;
    if (outcome.kind === 'throttled' && !outcome.isUnsure) {
      throw notWritten('TransactWriteItems throttled');
    }
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      return afterSilence(stores, step, deadline);
    }
    const failed = refusedOf(outcome, writes);
    if (failed.includes('create-record')) throw new AttemptUnderWay();
    if (failed.includes('create-pointer')) {
      throw new InvalidField('new_key', 'This key is in use already.');
    }
    const again = await table.load(
      { target: { keyId: row.keyId }, alias: alias ?? undefined },
      deadline.tableLimitMs(),
    );
    // The first of two tries took effect, and only its answer was lost.
    if (again.target?.intent?.id === intent.id || again.target?.event.id === intent.id) return step;
    if (again.target?.status !== 'active') throw new KeyNotFound('key');
    current = again.target;
    lease = again.alias;
  }
  throw outpaced();
}

/** Twice no answer: no call is sent to Secrets Manager. Without one to send, one more read can tell. */
async function afterSilence(
  { table }: ReplacementStores,
  step: Opened,
  deadline: Deadline,
): Promise<Opened> {
  if (step.isFinished) {
    const target = { keyId: step.row.keyId };
    const found = await table.load({ target }, deadline.tableLimitMs());
    if (found.target?.event.id === step.intent.id) return step;
  }
  throw leftOpen('TransactWriteItems unanswered');
}

/** The present value, from its exact version; null where it cannot be had. */
async function readValue(
  secrets: Secrets,
  { secretName, secretArn, cur }: KeyRow,
  deadline: Deadline,
): Promise<string | null> {
  if (secretName === null || cur.ver === null) return null;
  const read: ReadOutcome = await secrets.read(
    secretArn ?? secretName,
    cur.ver,
    deadline.secretLimitMs(),
  );
  return read.kind === 'done' && tokenHash(read.value) === cur.hash ? read.value : null;
}

function storeValue(
  stores: ReplacementStores,
  { before, intent, wasOurs }: Opened,
  value: string,
  deadline: Deadline,
): Promise<Stored> {
  if (intent.newName === before.secretName) {
    const secretId = before.secretArn ?? before.secretName;
    return storeInPlace(stores, secretId, { value, token: intent.ver }, deadline);
  }
  const image = intent.patch === undefined ? before.key : patched(before.key, intent.patch);
  const tags = secretTagsOf({ ...before, key: image }, stores.settings);
  const secret = { name: intent.newName, value, token: intent.ver, tags };
  return storeUnderName(stores, secret, wasOurs, deadline);
}
