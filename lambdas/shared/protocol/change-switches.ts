/** A change of the mail switches: one write of their item, over the item as it was read. */
import { Unavailable } from '../domain/errors.ts';
import { type EventSetting, type MailSwitches, switchesAfter } from '../domain/mail-switches.ts';
import type { KeyWrite } from '../domain/ports.ts';
import type { ChangeCall } from './change-key.ts';
import {
  AttemptUnderWay,
  commit,
  maxDecisions,
  notWritten,
  outpaced,
  refusedOf,
  type TableStores,
} from './commit.ts';
import { createRecord } from './writes.ts';

/**
 * Writes the switches with the changes made and returns them. Where somebody else wrote in between,
 * they are read anew, so that of two changes at once both count. Throws `Conflict` and `Unavailable`;
 * then nothing was written or, after silence, it is not known, and the same once more does no harm.
 */
export async function changeSwitches(
  { table, random, now }: TableStores,
  read: MailSwitches | null,
  changes: readonly EventSetting[] | 'reset',
  by: string,
  { attempt, deadline }: ChangeCall,
  { answerOf }: { readonly answerOf: (switches: MailSwitches) => unknown },
): Promise<MailSwitches> {
  let current = read;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const switches = switchesAfter(current, changes, by, now());
    const told = { eventId: random.uuid(), hash: '', answer: answerOf(switches) };
    const writes: KeyWrite[] = [
      { kind: 'put-mail-switches', switches },
      ...createRecord({ keyId: by }, attempt, told, now()),
    ];
    const outcome = await commit(table, writes, random.uuid(), deadline);
    if (outcome.kind === 'committed') return switches;
    if (outcome.kind === 'throttled') throw notWritten('the write was throttled');
    if (outcome.kind === 'unanswered') throw unknown();
    if (refusedOf(outcome, writes).includes('create-record')) throw new AttemptUnderWay();
    current = (await table.load({ mailSwitches: true }, deadline.tableLimitMs())).mailSwitches;
  }
  throw outpaced();
}

const unknown = (): Unavailable =>
  new Unavailable(
    'The table did not answer; whether the switches were set is not known. Please try again.',
    2,
    new Error('the write was unanswered'),
  );
