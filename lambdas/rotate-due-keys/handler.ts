/**
 * Scheduled: gives keys with `auto_rotate` a new value once their `key_rotation_at` has passed. Safe to
 * run twice and in parallel; one key that fails does not stop the others.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { documentClient, secretsClient } from '../shared/adapters/clients.ts';
import { causeOf, describe, log } from '../shared/adapters/log.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { withRunLine } from '../shared/adapters/run-line.ts';
import { secretRemoval } from '../shared/adapters/secret-removal.ts';
import { secretsMirror } from '../shared/adapters/secrets.ts';
import { dueRows } from '../shared/adapters/table/due-rows.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { type RotationRun, type RotationStores, rotateDue } from '../shared/protocol/rotate-due.ts';

/** One line per key that could not be rotated; the runbook looks for them by their message. */
export const logFailure: RotationStores['onFailure'] = (keyId, error) =>
  log('error', 'rotation failed', {
    operation: 'rotate-due-keys',
    key_id: keyId,
    error: describe(error),
    ...causeOf(error),
  });

export async function handler(
  _event: unknown,
  context?: { awsRequestId: string },
): Promise<RotationRun> {
  const requestId = context?.awsRequestId ?? 'scheduled';
  const settings = readSettings();
  const { KEYS_TABLE } = readConfig('KEYS_TABLE');
  const mirror = secretsMirror(secretsClient, settings.secretKmsKeyId);
  const { environment } = settings;
  return withRunLine({ operation: 'rotate-due-keys', environment, requestId }, () =>
    rotateDue(
      {
        table: keyTable(documentClient, KEYS_TABLE),
        due: dueRows(documentClient, KEYS_TABLE),
        secrets: { ...mirror, ...secretRemoval(secretsClient) },
        random: secureRandom,
        now: () => new Date(),
        wait,
        settings,
        onFailure: logFailure,
      },
      requestId,
    ),
  );
}
