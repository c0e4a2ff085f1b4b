/**
 * What clients were told, and so may rely on. It looks on whenever something has taken effect: no value
 * that an answer has ended is let in, and no answer says what was at no time true while it was asked.
 */

import type { Received, Sent } from '../fakes/service.ts';
import { brokenNow, isLetIn, type World } from '../faults/invariants.ts';
import type { ClientWork } from './scenario.ts';

/** A key as clients know it. */
export interface Known {
  readonly keyId: string;
  /** All values that were told, the newest last. */
  readonly values: string[];
}

/** One thing that a client wants, tried until it is done or given up, perhaps by two clients at once. */
export interface Attempt {
  readonly work: ClientWork;
  readonly sent: Sent;
  /** What it is about, and how the request names that. */
  readonly targets: readonly { readonly keyId: string; readonly name: string }[];
  /** Values of the targets that were known before. */
  readonly former: ReadonlyMap<string, readonly string[]>;
  readonly startedAt: number;
  /** Each request with its answer; null for one that got none. */
  readonly tries: { readonly requestId: string; readonly answer: Received | null }[];
}

/** Whether a value was let in and whether it was not, while somebody was asked about it. */
export class Watch {
  readonly value: string;
  /** How far the clock of the one who is asked is ahead. */
  readonly aheadMs: number;
  readonly seen = new Set<boolean>();

  constructor(value: string, aheadMs: number) {
    this.value = value;
    this.aheadMs = aheadMs;
  }
}

/** After its time-out a call may still be under way; then no longer. */
const settledMs = 120_000;

export class Ledger {
  readonly #world: World;
  readonly #revoked = new Map<string, { readonly by: string; readonly from: number }>();
  readonly #deleted = new Set<string>();
  readonly #unblockedAt = new Map<string, number>();
  readonly #watches = new Set<Watch>();
  #observed = '';
  readonly known: Known[] = [];
  readonly attempts: Attempt[] = [];
  readonly broken: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** To be called whenever something may have taken effect. */
  observe(): void {
    const { table, secrets } = this.#world;
    const state = `${table.changes.length} ${secrets.calls}`;
    if (state === this.#observed) return;
    this.#observed = state;
    this.broken.push(...brokenNow(this.#world));
    for (const watch of this.#watches) this.#look(watch);
    this.checkRevoked();
  }

  /** I7 to I10: what an answer has ended is refused, from the time on that it told. */
  checkRevoked(): void {
    const at = this.#now();
    for (const [value, { by, from }] of this.#revoked) {
      if (at < from || !isLetIn(this.#world, value)) continue;
      this.broken.push(`I7: a value is let in after ${by}`);
      this.#revoked.delete(value);
    }
  }

  watch(value: string, aheadMs: number): Watch {
    const watch = new Watch(value, aheadMs);
    this.#watches.add(watch);
    this.#look(watch);
    return watch;
  }

  unwatch(watch: Watch): void {
    this.#look(watch);
    this.#watches.delete(watch);
  }

  /** The values that were told of a key, the newest last. */
  valuesOf(keyId: string): readonly string[] {
    return this.known.find((key) => key.keyId === keyId)?.values ?? [];
  }

  /** To be called before a request is sent. */
  noteSent({ work: { action }, targets }: Attempt): void {
    if (action.do !== 'unblock') return;
    for (const { keyId } of targets) {
      this.#unblockedAt.set(keyId, this.#now());
      for (const value of this.valuesOf(keyId)) {
        if (this.#revoked.get(value)?.by === 'block') this.#revoked.delete(value);
      }
    }
  }

  /** Notes what a 200 promises. */
  noteDone(attempt: Attempt, { body }: Received): void {
    const { work, targets, former, startedAt } = attempt;
    const { do: what } = work.action;
    if (what === 'generate') this.#tell(body.key_id, body.key, body.expires);
    if (what === 'regenerate') {
      const ends = body.overlap_until === null ? this.#now() : Date.parse(body.overlap_until);
      for (const value of former.get(body.key_id) ?? []) {
        if (value !== body.key) this.#revoke(value, 'regenerate', ends);
      }
      this.#tell(body.key_id, body.key, body.expires);
    }
    for (const { keyId, name } of targets) {
      const isBlocked =
        what === 'block' && startedAt - (this.#unblockedAt.get(keyId) ?? -Infinity) > settledMs;
      const isDeleted = what === 'delete' && body.deleted_keys.includes(name);
      if (isDeleted) this.#deleted.add(keyId);
      if (!isBlocked && !isDeleted) continue;
      for (const value of this.valuesOf(keyId)) this.#revoke(value, what, this.#now());
    }
  }

  #tell(keyId: string, value: string, expires: string | null): void {
    const known = this.known.find((key) => key.keyId === keyId);
    if (known === undefined) this.known.push({ keyId, values: [value] });
    else if (!known.values.includes(value)) known.values.push(value);
    if (this.#deleted.has(keyId)) this.#revoke(value, 'delete', this.#now());
    if (expires !== null) this.#revoke(value, 'its end', Date.parse(expires));
  }

  #revoke(value: string, by: string, from: number): void {
    const known = this.#revoked.get(value);
    if (known === undefined || from < known.from) this.#revoked.set(value, { by, from });
  }

  #look({ value, aheadMs, seen }: Watch): void {
    const { table } = this.#world;
    for (const ms of aheadMs === 0 ? [0] : [0, aheadMs]) {
      seen.add(isLetIn({ table, now: () => new Date(this.#now() + ms) }, value));
    }
  }

  #now(): number {
    return this.#world.now().getTime();
  }
}
