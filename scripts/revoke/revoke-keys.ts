/** Ends every live key of a user or a team, or those that are named, and says what became of each. */
import { changedKey } from '../../lambdas/shared/domain/changed-key.ts';
import { deadlineOf } from '../../lambdas/shared/domain/deadline.ts';
import { Conflict, DomainError, KeyNotFound } from '../../lambdas/shared/domain/errors.ts';
import { emptyPatch } from '../../lambdas/shared/domain/key-patch.ts';
import type { KeyRow, Who } from '../../lambdas/shared/domain/key-row.ts';
import type { KeyLists } from '../../lambdas/shared/domain/ports.ts';
import { isMaster } from '../../lambdas/shared/domain/roles.ts';
import { changeKey } from '../../lambdas/shared/protocol/change-key.ts';
import { type DeletionStores, deleteKeys } from '../../lambdas/shared/protocol/delete-keys.ts';
import { readPatiently } from '../../lambdas/shared/protocol/import-key.ts';
import { eachInFlight } from '../operator/each-in-flight.ts';

export interface RevokeStores extends DeletionStores {
  readonly lists: KeyLists;
  readonly pause: (tries: number) => Promise<void>;
}

/** Which keys. */
export type Revoked =
  | { readonly userId: string }
  | { readonly teamId: string }
  | { readonly keyIds: readonly string[] };

export interface RevokeRun {
  readonly stores: RevokeStores;
  readonly of: Revoked;
  readonly how: 'delete' | 'block';
  /** Else nothing is written. */
  readonly isApplied: boolean;
  /** Who revokes, for the audit. */
  readonly by: string;
  /** Shared by all keys of one run. */
  readonly runId: string;
  /** Waits until calls that were let in before have ended. */
  readonly wait: (ms: number) => Promise<void>;
  /** Told of each key when something has become of it, or something else than before. */
  readonly onKey: (key: SeenKey, outcome: KeyOutcome) => void;
}

/** What may be said of a key. */
export interface SeenKey {
  readonly keyId: string;
  /** Null where there is none. */
  readonly row: KeyRow | null;
}

export type KeyOutcome =
  /** `found`: a dry run; `already`: deleted, or blocked, before or by somebody else. */
  | { readonly kind: 'found' | 'ended' | 'already' }
  | { readonly kind: 'left'; readonly reason: string };

export interface Revocation {
  /** By key id. */
  readonly keys: ReadonlyMap<string, KeyOutcome>;
  /** Of deleted keys: their secrets are left to the scheduled repairs. */
  readonly openSecrets: number;
}

/** Secrets Manager takes 50 deletions a second. */
const mostInFlight = 5;
const pageSize = 100;
const limitMs = 10_000;
/** Rounds in a row that end nothing because keys cannot be ended. */
const mostVainRounds = 3;
/** Somebody makes keys as fast as they are ended. */
const mostRounds = 50;

/**
 * Ends the keys by the commands of the API, each with its audit event. The index that finds them is
 * behind, and a call that was let in before may still make a key: so it looks again once those calls
 * have ended, until there is nothing left to end. Safe to run twice, and by two people. Throws what is
 * no matter of one key; what was ended by then stays so.
 */
export async function revokeKeys(run: RevokeRun): Promise<Revocation> {
  const { stores, of, how, isApplied } = run;
  const { table, lists, pause, settings, now, random } = stores;
  const keys = new Map<string, KeyOutcome>();
  const who: Who = {
    changed_by: run.by,
    changed_by_api_key: null,
    principal: 'revoke',
    settled_by: null,
    source_ip: null,
  };

  // A key that is named is there, or not.
  let hasWaited = 'keyIds' in of;
  let vain = 0;
  for (let round = 1; ; round += 1) {
    const { ended, failed } = await lookOnce();
    if (!isApplied) break;
    vain = ended === 0 && failed > 0 ? vain + 1 : 0;
    if (vain === mostVainRounds || (ended === 0 && failed === 0 && hasWaited)) break;
    if (round === mostRounds) throw new Error('Live keys are found again and again');
    await run.wait(settings.timing.functionTimeoutSeconds * 1000);
    hasWaited = true;
  }
  return { keys, openSecrets: await countOpen() };

  async function lookOnce(): Promise<{ ended: number; failed: number }> {
    let [ended, failed] = [0, 0];
    await eachInFlight(candidates(), mostInFlight, async (key) => {
      const before = keys.get(key.keyId);
      const outcome = await outcomeOf(key);
      if (outcome.kind === 'ended') ended += 1;
      if (outcome.kind === 'left' && outcome.isPassing) failed += 1;
      // Of what this run has ended, the next look finds that it is.
      if (before?.kind === 'ended' && outcome.kind === 'already') return;
      const isNews = outcome.kind !== before?.kind || outcome.kind === 'ended';
      const { isPassing: _, ...told } = { isPassing: false, ...outcome };
      keys.set(key.keyId, told);
      if (isNews) run.onKey(key, told);
    });
    return { ended, failed };
  }

  async function* candidates(): AsyncGenerator<SeenKey> {
    for await (const keyIds of pages()) {
      const targets = keyIds.map((keyId) => ({ keyId }));
      const read = await readPatiently(pause, () => table.load({ targets }, limitMs));
      for (const [index, keyId] of keyIds.entries()) {
        yield { keyId, row: read.targets[index] ?? null };
      }
    }
  }

  async function* pages(): AsyncGenerator<readonly string[]> {
    if ('keyIds' in of) {
      for (let from = 0; from < of.keyIds.length; from += pageSize) {
        yield of.keyIds.slice(from, from + pageSize);
      }
      return;
    }
    const list = lists.keys({ status: 'live', of, isOldestFirst: true });
    let after: string | null = null;
    for (;;) {
      const page = await readPatiently(pause, () => list.read(after, pageSize, limitMs));
      yield page.map(({ keyId }) => keyId);
      if (page.length < pageSize) return;
      after = page.at(-1)?.position ?? null;
    }
  }

  async function outcomeOf({ row }: SeenKey): Promise<Attempted> {
    if (row === null) return { kind: 'left', reason: 'There is no such key.', isPassing: false };
    try {
      check(row);
      if (row.status === 'deleted' || (how === 'block' && row.blocked)) return { kind: 'already' };
      if (!isApplied) return { kind: 'found' };
      const isEnded = await (how === 'block' ? block(row) : remove(row));
      return { kind: isEnded ? 'ended' : 'already' };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error instanceof KeyNotFound || error instanceof BlockedAlready)
        return { kind: 'already' };
      return { kind: 'left', reason: error.message, isPassing: !(error instanceof NotMeant) };
    }
  }

  /** On the row that is written over, too: it may have been given away a moment ago. */
  function check({ keyId, key }: KeyRow): void {
    if (isMaster(keyId)) throw new NotMeant('The admin key cannot be ended, only rotated.');
    const isOthers =
      ('userId' in of && key.user_id !== of.userId) ||
      ('teamId' in of && key.team_id !== of.teamId);
    if (isOthers) throw new NotMeant('It has been given to another owner.');
  }

  async function remove(row: KeyRow): Promise<boolean> {
    const done = await deleteKeys(stores, [row], {
      who,
      deletedBy: run.by,
      requestId: run.runId,
      operationId: run.runId,
      deadline: deadlineOf(settings.timing.functionTimeoutSeconds, now),
      check,
    });
    return done.has(row.keyId);
  }

  async function block(row: KeyRow): Promise<boolean> {
    const decide = (current: KeyRow) => {
      check(current);
      if (current.blocked) throw new BlockedAlready();
      const patch = { ...emptyPatch, set: { blocked: true } };
      return {
        row: changedKey(current, patch, 'blocked', {
          caller: { userId: run.by },
          who,
          requestId: run.runId,
          operationId: run.runId,
          now: now(),
          settings,
          random,
        }),
      };
    };
    const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
    const call = { attempt: null, deadline };
    await changeKey(stores, row, decide, call, { answerOf: () => null, isUrgent: true });
    return true;
  }

  async function countOpen(): Promise<number> {
    const ended = [...keys].flatMap(([keyId, { kind }]) => (kind === 'ended' ? [{ keyId }] : []));
    let open = 0;
    if (how === 'block') return open;
    for (let from = 0; from < ended.length; from += pageSize) {
      const targets = ended.slice(from, from + pageSize);
      const read = await readPatiently(pause, () => table.load({ targets }, limitMs));
      open += read.targets.filter((row) => row !== null && row.intent !== null).length;
    }
    return open;
  }
}

/** An outcome; where the key is left, with whether that may pass. */
type Attempted =
  | { readonly kind: 'found' | 'ended' | 'already' }
  | { readonly kind: 'left'; readonly reason: string; readonly isPassing: boolean };

/** Somebody else has blocked the key meanwhile. */
class BlockedAlready extends Conflict {
  constructor() {
    super(null, 'The key is blocked.', null);
  }
}

/** The key is not one that was asked for. */
class NotMeant extends Conflict {
  constructor(message: string) {
    super(null, message, null);
  }
}
