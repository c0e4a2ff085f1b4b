/**
 * Custom resource: puts the admin key there on the first deploy, secret first, then row. It writes
 * nothing once the row exists, so that a later deploy never undoes a rotation, and it leaves both in
 * place when the stack goes.
 */
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { obtainAdminSecret } from '../shared/adapters/admin-secret.ts';
import { documentClient, secretsClient } from '../shared/adapters/clients.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readOptional, readSettings } from '../shared/config.ts';
import { adminRow } from '../shared/domain/admin-key.ts';
import { masterKeyId, newKey } from '../shared/domain/key-format.ts';

const limitMs = 5000;

export async function handler(event: CloudFormationCustomResourceEvent) {
  const resource = { PhysicalResourceId: 'latchkey-admin-key' };
  if (event.RequestType === 'Delete') return resource;
  const { KEYS_TABLE, MASTER_KEY_SECRET } = readConfig('KEYS_TABLE', 'MASTER_KEY_SECRET');
  const table = keyTable(documentClient, KEYS_TABLE);
  const { target } = await table.load({ target: { keyId: masterKeyId } }, limitMs);
  if (target !== null) return resource;
  const { environment, secretKmsKeyId } = readSettings();
  const secret = await obtainAdminSecret(
    secretsClient,
    MASTER_KEY_SECRET,
    // Set by the stack for the local environment alone, whose clients expect a well-known key.
    readOptional('MASTER_KEY_VALUE') ?? newKey(masterKeyId, secureRandom.bytes),
    secureRandom.uuid(),
    environment,
    secretKmsKeyId,
  );
  const row = adminRow(secret, event.RequestId, new Date(), secureRandom);
  const outcome = await table.commit(
    [
      { kind: 'create-row', row },
      { kind: 'create-pointer', pointer: { hash: row.cur.hash, keyId: row.keyId } },
    ],
    row.event.id,
    limitMs,
  );
  if (outcome.kind !== 'committed') throw new Error(`The admin key's row: ${outcome.kind}`);
  return resource;
}
