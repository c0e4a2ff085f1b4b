/** What operations reach outside themselves, from the variables of their function. */
import { readConfig, readSettings } from '../config.ts';
import { documentClient, secretsClient } from './clients.ts';
import { secureRandom } from './randomness.ts';
import { secretRemoval } from './secret-removal.ts';
import { secretsMirror } from './secrets.ts';
import { keyLists } from './table/key-lists.ts';
import { keyTable } from './table/key-table.ts';

/** For lists of keys. */
export function listStores() {
  const { KEYS_TABLE } = readConfig('KEYS_TABLE');
  return {
    table: keyTable(documentClient, KEYS_TABLE),
    lists: keyLists(documentClient, KEYS_TABLE),
    now: () => new Date(),
    settings: readSettings(),
  };
}

/** For changes that the table alone holds. */
export function tableStores() {
  const { KEYS_TABLE, IDEMPOTENCY_TABLE } = readConfig('KEYS_TABLE', 'IDEMPOTENCY_TABLE');
  return {
    table: keyTable(documentClient, KEYS_TABLE, IDEMPOTENCY_TABLE),
    random: secureRandom,
    now: () => new Date(),
    settings: readSettings(),
  };
}

/** For changes that give a key another value or name. */
export function replacementStores() {
  const stores = tableStores();
  const mirror = secretsMirror(secretsClient, stores.settings.secretKmsKeyId);
  return { ...stores, secrets: { ...mirror, ...secretRemoval(secretsClient) } };
}
