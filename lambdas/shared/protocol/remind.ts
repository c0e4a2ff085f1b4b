/**
 * Reminders, written on the row for the mail reader to see. The write is over the row as it was read:
 * what it says applied at that moment, and of two copies the slower one writes nothing. It is no change
 * of the key, so it has no event. Should its answer be lost, the next run finds it done or does it again,
 * under the same id.
 */
import type { Deadline } from '../domain/deadline.ts';
import { dueReminder } from '../domain/reminder.ts';
import type { TableStores } from './commit.ts';
import { write } from './pass.ts';

/** Whether an owner is told, because of this call. */
export async function remind(
  stores: TableStores,
  keyId: string,
  deadline: Deadline,
): Promise<boolean> {
  const { table, now, settings } = stores;
  const { target: row } = await table.load({ target: { keyId } }, deadline.tableLimitMs());
  const reminder = row === null ? null : dueReminder(row, now(), settings.mail);
  if (row === null || reminder === null) return false;
  const reminded = { ...row, rev: row.rev + 1, reminder };
  const isWritten = await write(stores, [{ kind: 'replace-row', row: reminded }], deadline);
  return isWritten && reminder.to !== null;
}
