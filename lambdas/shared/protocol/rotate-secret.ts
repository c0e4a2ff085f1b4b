/**
 * A rotation that Secrets Manager drives, in its four steps, each an invocation of its own that may come
 * twice, late, or not at all. e is the version that it names.
 *
 * 1. `createSecret`: version e gets a value of the key. Nobody is let in by it.
 * 2. `setSecret`: the step of a regenerate is opened with that value, which is let in from here on.
 * 3. `testSecret`: the table lets it in.
 * 4. `finishSecret`: AWSCURRENT goes to version e, and the step is closed as that of a regenerate.
 *
 * A step that is open goes on without Secrets Manager too: past the fence the reconciler closes it.
 * docs/adr/0019-rotation-by-secrets-manager.md has the reasons.
 */
import { authenticate, credentialOf } from '../domain/credential.ts';
import { type Deadline, deadlineOf } from '../domain/deadline.ts';
import { Conflict } from '../domain/errors.ts';
import { newKey } from '../domain/key-format.ts';
import type { Intent, KeyRow } from '../domain/key-row.ts';
import type { KeyWrite, SecretStaging } from '../domain/ports.ts';
import { checkRowSize } from '../domain/row-size.ts';
import {
  checkRotatableNow,
  isRotationTo,
  isValueOf,
  secretsManager,
  staged,
  stagedRotation,
} from '../domain/staged-rotation.ts';
import { settle } from './close-intent.ts';
import {
  commit,
  leftOpen,
  maxDecisions,
  notWritten,
  outpaced,
  refusedOf,
  type TableStores,
} from './commit.ts';
import { type Described, isOurs, versionWith, write } from './pass.ts';
import { openReplacement, settledReplacement } from './replacement.ts';
import { secondsAfter } from './writes.ts';

export interface RotateSecretStores extends TableStores {
  readonly secrets: SecretStaging;
}

export const rotationSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** What Secrets Manager asks for. */
export interface RotationCall {
  readonly step: RotationStep;
  readonly secretId: string;
  /** The version that the value is to have: the token of its request. */
  readonly version: string;
}

/** A step under way: the secret as it was described, and the row that names it. */
interface Turn extends RotateSecretStores {
  readonly version: string;
  readonly requestId: string;
  readonly deadline: Deadline;
  readonly found: Described;
  readonly row: KeyRow;
}

/**
 * Takes one step; one that is done already is a success. Throws a `DomainError` where the step must not be
 * taken, or where it is not known whether it was: Secrets Manager then asks again.
 *
 * @param onKey told whose the secret is, once that is known
 */
export const rotateSecret =
  (stores: RotateSecretStores) =>
  async (
    { step, secretId, version }: RotationCall,
    requestId: string,
    onKey: (keyId: string) => void = () => undefined,
  ): Promise<void> => {
    const deadline = deadlineOf(stores.settings.timing.functionTimeoutSeconds, stores.now);
    const { found, row } = await look(stores, secretId, deadline);
    onKey(row.keyId);
    // Whatever an old copy tells of its labels: the row says that the rotation is over.
    if (row.status === 'active' && row.cur.ver === version) return;
    const isOpen = isRotationTo(row.intent, version);
    if (!isOpen && found.stages[version]?.includes('AWSPENDING') !== true) {
      throw new Conflict(null, 'This version is not staged for rotation.', null);
    }
    await steps[step]({ ...stores, version, requestId, deadline, found, row });
  };

const steps: Readonly<Record<RotationStep, (turn: Turn) => Promise<void>>> = {
  createSecret,
  setSecret,
  testSecret,
  finishSecret,
};

/** The secret and its key. Throws `Conflict` unless the secret is ours and the key names this very one. */
async function look(
  { table, secrets, settings }: RotateSecretStores,
  secretId: string,
  deadline: Deadline,
): Promise<{ readonly found: Described; readonly row: KeyRow }> {
  const found = await secrets.describe(secretId, deadline.secretLimitMs());
  if (found.kind !== 'done') throw notWritten('DescribeSecret', found);
  const keyId = found.tags['key_id'] ?? '';
  const { target: row } = await table.load({ target: { keyId } }, deadline.tableLimitMs());
  if (row === null || !isOurs(found, row, settings) || row.secretArn !== found.arn) throw unnamed();
  return { found, row };
}

async function createSecret(turn: Turn): Promise<void> {
  const { secrets, random, now, deadline, found, row, version } = turn;
  if (isRotationTo(row.intent, version)) return;
  checkRotatableNow(row, now());
  if ((await stagedValue(turn)) !== null) return;
  const value = newKey(row.keyId, random.bytes);
  const stored = await secrets.stage(found.arn, value, version, deadline.secretLimitMs());
  // Another value came first, by a copy of this step: that one is to be set.
  if (stored.kind === 'done' || stored.kind === 'exists') return;
  throw notWritten('PutSecretValue', stored);
}

/** Decided anew as long as somebody else writes the row in between. */
async function setSecret(turn: Turn): Promise<void> {
  const { table, random, now, deadline, found, row, version } = turn;
  if (isRotationTo(row.intent, version)) return;
  checkRotatableNow(row, now());
  const value = await stagedValue(turn);
  if (value === null) throw new Conflict(null, 'This version has no value yet.', null);
  let current = row;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const writes = openedFor(turn, current, value);
    const outcome = await commit(table, writes, random.uuid(), deadline);
    if (outcome.kind === 'committed') return;
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      throw leftOpen('TransactWriteItems');
    }
    const { target } = await table.load({ target: { keyId: row.keyId } }, deadline.tableLimitMs());
    if (target === null || target.secretArn !== found.arn) throw unnamed();
    if (isRotationTo(target.intent, version) || target.cur.ver === version) return;
    // No copy of this step came first: the value was this key's before, and cannot be again.
    if (refusedOf(outcome, writes).includes('create-pointer')) await unstage(turn);
    current = target;
    checkRotatableNow(current, now());
  }
  throw outpaced();
}

/**
 * What step 1 of a regenerate writes, for version e. The id of its event is one of ours all the same: for
 * the token of its request anybody may choose anything, even the same for two secrets.
 */
function openedFor(turn: Turn, row: KeyRow, value: string): KeyWrite[] {
  const { settings, random, now, deadline, requestId, version } = turn;
  const at = deadline.startedAt;
  const { row: opened, writes } = openReplacement(
    row,
    stagedRotation(row, value, { settings, random, now: now() }),
    null,
    {
      who: secretsManager,
      requestId,
      attempt: null,
      at,
      opened: now(),
      settings,
      random,
    },
    () => null,
  );
  if (opened.intent === null) throw new Error(`The key ${row.keyId} names no secret`);
  const marked: KeyRow = { ...opened, intent: { ...opened.intent, ver: version, ...staged } };
  checkRowSize(marked);
  return writes.map((each) => (each.kind === 'replace-row' ? { ...each, row: marked } : each));
}

/**
 * The value must be let in: a new one once it is set; where a rotation is only being configured, Secrets
 * Manager stages the present one.
 */
async function testSecret({ secrets, now, deadline, found, row, version }: Turn): Promise<void> {
  const read = await secrets.read(found.arn, version, deadline.secretLimitMs());
  if (read.kind !== 'done') throw notWritten('GetSecretValue', read);
  authenticate(credentialOf(read.value), row, now());
}

/**
 * The step is taken with a fence of its own, for this is a function of its own: no call of it lands when
 * the reconciler acts. AWSCURRENT moves only from the version of the row; whoever else moved it is left to
 * the reconciler.
 */
async function finishSecret(turn: Turn): Promise<void> {
  const { secrets, settings, random, now, deadline, found, row, version } = turn;
  const { intent, cur } = row;
  if (intent === null || !isRotationTo(intent, version) || cur.ver === null) {
    throw new Conflict(null, 'The value of this version has not been set.', null);
  }
  if (intent.claim !== 0) throw leftOpen('the reconciler has claimed the rotation');
  const taken: Intent = {
    ...intent,
    at: deadline.startedAt.toISOString(),
    fence: secondsAfter(deadline.startedAt, settings.timing.fenceSeconds),
  };
  const held: KeyRow = { ...row, rev: row.rev + 1, intent: taken };
  if (!(await write(turn, [{ kind: 'replace-row', row: held }], deadline))) throw outpaced();
  // An earlier try may have moved it. Where an old copy does not tell, the move is refused, for AWSCURRENT is
  // not where the row has it, and Secrets Manager asks again.
  if (versionWith(found, 'AWSCURRENT') !== version) {
    const moved = await secrets.moveCurrent(found.arn, cur.ver, version, deadline.secretLimitMs());
    if (moved.kind !== 'done') throw leftOpen('UpdateSecretVersionStage', moved);
  }
  const settling = { secretArn: found.arn, settledBy: null, settings, random };
  await settle(
    turn,
    { row: held, intent: taken },
    (current) => settledReplacement(current, taken, { ...settling, at: now() }),
    deadline,
  );
}

/**
 * The value of version e; null where it has none yet. One that cannot be this key's, as under a name that
 * another key had, is not left staged: Secrets Manager would go on with it for ever.
 */
async function stagedValue(turn: Turn): Promise<string | null> {
  const { secrets, deadline, found, row, version } = turn;
  const read = await secrets.read(found.arn, version, deadline.secretLimitMs());
  if (read.kind === 'absent') return null;
  if (read.kind !== 'done') throw notWritten('GetSecretValue', read);
  return isValueOf(row, read.value) ? read.value : unstage(turn);
}

const unnamed = () => new Conflict(null, 'No key of this environment names this secret.', null);

async function unstage({ secrets, deadline, found, version }: Turn): Promise<never> {
  const dropped = await secrets.unstage(found.arn, version, deadline.secretLimitMs());
  if (dropped.kind !== 'done') throw notWritten('UpdateSecretVersionStage', dropped);
  throw new Conflict(null, 'The staged value is not for this key; rotate the secret again.', null);
}
