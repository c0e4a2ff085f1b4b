import type { Deadline } from '../domain/deadline.ts';
import { Conflict, InvalidField } from '../domain/errors.ts';
import { type Attempt, isExpired } from '../domain/idempotency.ts';
import type { AliasLease } from '../domain/key-row.ts';
import type { KeyTable } from '../domain/ports.ts';
import type { Caller } from '../domain/roles.ts';
import { AttemptUnderWay } from './commit.ts';

/**
 * Refuses an alias that another key holds: it is taken while that key lives (`InvalidField`), and
 * after that its name is still being cleaned up (`Conflict`).
 */
export async function refuseHeldAlias(
  table: KeyTable,
  lease: AliasLease,
  {
    caller,
    attempt,
    deadline,
  }: {
    readonly caller: Pick<Caller, 'keyId'>;
    readonly attempt: Attempt | null;
    readonly deadline: Deadline;
  },
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
  if (record !== null && !isExpired(record, deadline.startedAt)) throw new AttemptUnderWay();
  // Else the holder is on its way here and may be taken back, or has gone meanwhile.
  if (target?.status === 'active' && target.alias === lease.alias) {
    throw new InvalidField('key_alias', 'A key with this key_alias exists already.');
  }
  throw new Conflict('key_alias', 'Another key is leaving or taking this key_alias.', 5);
}
