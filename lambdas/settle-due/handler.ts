/**
 * Scheduled: settles or undoes what handlers left open, and compares a page of rows with their
 * secrets and audit trails. Safe to run twice and in parallel; one row that fails does not stop the others.
 */
import { documentClient, secretsClient } from '../shared/adapters/clients.ts';
import { describe, log } from '../shared/adapters/log.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { withRunLine } from '../shared/adapters/run-line.ts';
import { secretRepairs } from '../shared/adapters/secret-repairs.ts';
import { dueRows } from '../shared/adapters/table/due-rows.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { trailLinks } from '../shared/adapters/table/trail-links.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { type RepairRun, type RepairRunStores, settleDue } from '../shared/protocol/settle-due.ts';

/** One line per row that needs a person, or was not looked at as a whole; the runbook looks for them by their message. */
export const logTrouble: RepairRunStores['onTrouble'] = (keyId, trouble, { error, gap } = {}) =>
  log(trouble === 'audit-unfinished' ? 'info' : 'error', `repair ${trouble}`, {
    operation: 'settle-due',
    key_id: keyId,
    ...(error === undefined ? {} : { error: describe(error) }),
    ...(gap === undefined ? {} : { seq: gap.seq, gap: gap.kind }),
  });

export async function handler(
  _event: unknown,
  context?: { awsRequestId: string },
): Promise<RepairRun> {
  const requestId = context?.awsRequestId ?? 'scheduled';
  const settings = readSettings();
  const { KEYS_TABLE, AUDIT_TABLE, IDEMPOTENCY_TABLE } = readConfig(
    'KEYS_TABLE',
    'AUDIT_TABLE',
    'IDEMPOTENCY_TABLE',
  );
  const { environment } = settings;
  return withRunLine({ operation: 'settle-due', environment, requestId }, () =>
    settleDue(
      {
        table: keyTable(documentClient, KEYS_TABLE, IDEMPOTENCY_TABLE),
        due: dueRows(documentClient, KEYS_TABLE),
        trailLinks: trailLinks(documentClient, AUDIT_TABLE),
        secrets: secretRepairs(secretsClient),
        random: secureRandom,
        now: () => new Date(),
        settings,
        onTrouble: logTrouble,
      },
      requestId,
    ),
  );
}
