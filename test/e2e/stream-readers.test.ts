/** The deployed stream readers, behind tables that fail and killed in the midst of their work. */
import { expect, it } from 'vitest';
import { issued } from './api-client.ts';
import { auditOf, eventually, faultTables, mailsTo, outputOf } from './local-aws.ts';

/** More than a client tries by itself. */
const times = 4;

it.each(['throttle', 'fail', 'kill'] as const)(
  'write the record of a change that they failed at by %s',
  async (mode) => {
    await faultTables('*', mode, outputOf('AuditTableName'), mode === 'kill' ? 1 : times);
    const { key_id } = await issued();
    const [record, ...more] = await eventually(async () => {
      const found = await auditOf(key_id);
      return found.length > 0 ? found : null;
    });
    expect(record).toMatchObject({ action: 'created', seq: 1 });
    expect(more).toEqual([]);
  },
);

it.each(['fail', 'kill', 'kill-after'] as const)(
  'send the mail that they failed at by %s',
  async (mode) => {
    const to = `reader-${mode}@example.com`;
    await faultTables('PutItem', mode, outputOf('NoticesTableName'), mode === 'fail' ? times : 1);
    await issued({ user_email: to, send_invite_email: true });
    // Whoever died with a notice in hand keeps it for fifteen seconds.
    const mails = await eventually(async () => {
      const found = await mailsTo(to);
      return found.length > 0 ? found : null;
    }, 25_000);
    expect(mails.length).toBe(1);
  },
);
